import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WebServer } from "./web-servers";

/** On the machine of the containers, where all of them read the same picture. */
export const PICTURE = "/srv/bench/picture.png";
export const PICTURE_PROGRAM = "/usr/local/lib/bench/picture.py";

export function pictureProgram(): string {
  return readFileSync(join(__dirname, "picture.py"), "utf8");
}

export const PICTURE_UNIT = `[Unit]
Description=bench: the picture that the web servers serve

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/python3 ${PICTURE_PROGRAM} ${PICTURE}

[Install]
WantedBy=multi-user.target
`;

/** A container without Nomad, on a port of the machine as Nomad would publish it. */
export function containerUnit({ name, image, port, folder }: WebServer, published: number): string {
  const options = `--rm --name ${name} --publish ${published}:${port} --volume ${PICTURE}:${folder}/picture.png:ro`;
  return `[Unit]
Description=bench: ${name}
Requires=docker.service bench-picture.service
After=docker.service bench-picture.service

[Service]
ExecStart=/usr/bin/docker run ${options} ${image}
ExecStop=/usr/bin/docker stop ${name}
Restart=on-failure
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
`;
}
