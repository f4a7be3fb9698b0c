// Shows a page to whoever sits at this machine, where there is a screen. It never fails: the URL is printed as well.
import { spawn } from 'node:child_process';

function opener(): string | undefined {
  if (process.platform === 'darwin') return 'open';
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return DISPLAY === undefined && WAYLAND_DISPLAY === undefined ? undefined : 'xdg-open';
}

export function openBrowser(url: string): void {
  const command = opener();
  if (command === undefined || !process.stdout.isTTY) return;
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
