import { Construct } from "constructs";
import { IMachine } from "vipstack";

export interface UdpEchoProps {
  readonly machine: IMachine;
  /** The address that queries come to, and so the one that answers must come from. */
  readonly address: string;
  readonly port: number;
}

/** Answers every datagram with the machine's name and the datagram: what a role of your own looks like. */
export class UdpEcho extends Construct {
  constructor(scope: Construct, id: string, { machine, address, port }: UdpEchoProps) {
    super(scope, id);
    machine.contribute(this, {
      files: [{ path: "/usr/local/lib/udp-echo", content: program(machine.name, address, port), mode: "0755" }],
      units: [{ name: "udp-echo.service", content: unit() }],
      ports: [{ protocol: "udp", port }],
    });
  }
}

// A server bound to every address would answer from the machine's own one, and the client would not know the answer as its own.
function program(name: string, address: string, port: number): string {
  return `#!/usr/bin/env python3
import socket

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("${address}", ${port}))
while True:
    query, client = server.recvfrom(2048)
    server.sendto(b"${name} " + query, client)
`;
}

function unit(): string {
  return `[Unit]
Description=Answers datagrams with this machine's name
After=vipstack-addresses.service

[Service]
ExecStart=/usr/local/lib/udp-echo
Restart=always

[Install]
WantedBy=multi-user.target
`;
}
