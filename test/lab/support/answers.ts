/** The shell line that asks a URL so many times, an answer a line; a request that fails prints its error. */
export function curlTimes(count: number, url: string): string {
  return `for i in $(seq ${count}); do curl --silent --show-error --max-time 5 ${url} 2>&1 || true; done`;
}

/** The shell line that asks a URL so many times, the status of each answer a line; 000 where there is none. */
export function statusTimes(count: number, url: string): string {
  const curl = "curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}\\n'";
  return `for i in $(seq ${count}); do ${curl} ${url} || true; done`;
}

/**
 * Python for a machine: so many requests one after the other, each on a connection of its own, printing the answer and the
 * seconds until it was connected. One process, since starting a curl takes longer than what it measures.
 */
export function requests(count: number, address: string, port: number): string {
  return `python3 - <<'PROGRAM'
import socket, time
for _ in range(${count}):
    started = time.monotonic()
    with socket.create_connection(("${address}", ${port}), timeout=10) as connection:
        connected = time.monotonic() - started
        connection.sendall(b"GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    print(answer.split(b"\\r\\n\\r\\n", 1)[1].decode().strip(), f"{connected:.3f}")
PROGRAM`;
}

/** How often each answer of {@link requests} occurs, whatever their times. */
export function countAnswers(printed: string): Record<string, number> {
  return countLines(printed.replace(/ [\d.]+$/gm, ""));
}

/** How often each line occurs. */
export function countLines(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of text.split("\n").filter((each) => each !== "")) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}
