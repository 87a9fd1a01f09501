/** A unit that stays, or one that runs a command once at each boot. */
export function unit(type: "simple" | "oneshot", command: string): string {
  return `[Unit]
Description=bench: ${command}
After=network.target

[Service]
Type=${type}
${type === "oneshot" ? "RemainAfterExit=yes\n" : ""}ExecStart=${command}

[Install]
WantedBy=multi-user.target
`;
}
