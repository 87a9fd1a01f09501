import { LabDeployment } from "./deployment";

/** Starts a server on a machine that answers with its name and what it was asked. Its unit is called as it is. */
export async function serve(scene: LabDeployment, machine: string, port: number, name: string): Promise<void> {
  const program = `from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"${name} {self.command} {self.path} {self.headers['Host']}\\n".encode())
HTTPServer(("", ${port}), Handler).serve_forever()`;
  await scene.on(
    machine,
    `cat > /run/${name}.py <<'PROGRAM'\n${program}\nPROGRAM
    systemd-run --quiet --unit ${name} python3 /run/${name}.py`,
  );
}
