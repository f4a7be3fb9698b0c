// Ends what a program started when the program itself is gone, however it ended (kill -9 included).
// Its standard input is a pipe that only the program holds: `+<pid>` and `-<pid>` lines say which process groups
// live, and the end of the pipe says that the program does not. Plain JavaScript, because it has to be up at once.
import { createInterface } from 'node:readline';

const graceMs = 2_000;
const groups = new Set();

function signalAll(signal) {
  for (const pid of groups) {
    try {
      process.kill(-pid, signal);
    } catch {
      groups.delete(pid);
    }
  }
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => undefined);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (!Number.isInteger(pid) || pid <= 1) return;
  if (line.startsWith('+')) groups.add(pid);
  else groups.delete(pid);
});
lines.on('close', () => {
  signalAll('SIGTERM');
  setTimeout(
    () => {
      signalAll('SIGKILL');
      process.exit(0);
    },
    groups.size === 0 ? 0 : graceMs,
  );
});
