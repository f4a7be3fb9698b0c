import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Browser } from './browser.ts';
import { findChromium, openBrowser } from './browser.ts';
import { buildConsoleIn } from './built-console.ts';
import { eventOf } from './events.ts';
import { SentinelHome, SentinelProcess, until } from './sentinel-process.ts';

const OTHER_KEY = 'key-of-others-0123456789';
const TOKEN = 'a-token-of-some-length';

let home: SentinelHome;
let sentinel: SentinelProcess;
let browser: Browser;
let page: Page;
/** What went wrong in the page, and where it asked for something else than the sentinel. */
let complaints: string[];
let consoleDir: string;

beforeAll(async () => {
  findChromium(process.env);
  home = await SentinelHome.make();
  consoleDir = home.at('console');
  expect(await buildConsoleIn(consoleDir)).toBe(true);
  expect(await buildConsoleIn(consoleDir)).toBe(false);
  await home.write('keys.json', [
    { key: 'key-of-notes-0123456789', namespace: 'mcp-servers', server: 'notes' },
    { key: OTHER_KEY, namespace: 'mcp-servers', server: 'others' },
  ]);
  await home.write('inventory.json', INVENTORY);
  sentinel = await SentinelProcess.start(home, { CONSOLE_DIR: consoleDir });
  browser = await openBrowser();
}, 180_000);

afterAll(async () => {
  await browser.close();
  await sentinel.kill('SIGKILL');
  await home.remove();
});

beforeEach(async () => {
  page = await browser.context.newPage();
  page.setDefaultTimeout(20_000);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('net::ERR_')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(sentinel.apiUrl)) complaints.push(`asked for ${request.url()}`);
  });
});

afterEach(async () => {
  await page.close();
});

const INVENTORY = {
  servers: [
    {
      namespace: 'mcp-servers',
      name: 'notes',
      state: 'ready',
      url: 'http://127.0.0.1:41873/mcp',
      tools: [{ name: 'read_note' }],
    },
    {
      namespace: 'mcp-servers',
      name: 'others',
      state: 'failed',
      message: '<img src=x onerror="document.title=1"> exited with code 1',
      tools: [],
    },
  ],
  grants: [
    {
      namespace: 'mcp-servers',
      name: 'readers',
      server: 'notes',
      subject: { teamId: 'support' },
      maxTrust: 'low',
      disabled: false,
    },
  ],
  sessions: [
    {
      namespace: 'mcp-servers',
      name: 'withdrawn',
      server: 'notes',
      subject: { humanId: 'user-2' },
      consentedTrust: 'low',
      state: 'revoked',
      expiresAt: '2020-06-15T12:00:00.000Z',
    },
  ],
};

const rows = () => page.locator('.decision-row');
const row = (text: string) => rows().filter({ hasText: text });
const section = (name: string) => page.getByRole('region', { name, exact: true }).first();

describe('the console', () => {
  it('shows servers with their state, and who may do what', async () => {
    await page.goto(sentinel.apiUrl);
    const servers = section('Servers');
    await servers.getByText('ready', { exact: true }).waitFor();
    expect(await servers.innerText()).toContain('http://127.0.0.1:41873/mcp');
    expect(await servers.innerText()).toContain('failed');
    await section('Access').getByText('revoked', { exact: true }).waitFor();
    expect(await section('Access').innerText()).toContain('team support');
    expect(await section('Access').innerText()).toContain('2020');
    expect(await page.getByRole('status').first().innerText()).toBe('Live');
    expect(complaints).toEqual([]);
  });

  it('puts a decision on the page the moment it is recorded, in local time with the exact one beside it', async () => {
    await page.goto(sentinel.apiUrl);
    await page.getByText('Live', { exact: true }).waitFor();
    const timestamp = new Date().toISOString();
    await sentinel.post(
      eventOf({
        id: 'denied',
        timestamp,
        payload: {
          decision: 'deny',
          reason: 'trust_too_low',
          tool_name: 'live_tool',
          required_trust: 'high',
        },
      }),
    );
    await row('live_tool').waitFor();
    const text = await row('live_tool').innerText();
    for (const part of [
      'notes',
      'user-1',
      'agent-1',
      'tools/call',
      'Denied',
      'trust_too_low',
      'medium / high',
      '3.3 ms',
    ]) {
      expect(text).toContain(part);
    }
    expect(await row('live_tool').locator('time').getAttribute('title')).toBe(timestamp);
    const shown = new Intl.DateTimeFormat('en-GB', {
      timeStyle: 'medium',
      timeZone: 'America/New_York',
    }).format(new Date(timestamp));
    expect(text).toContain(shown);
    await section('Traffic').getByText('trust_too_low').waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows what servers and clients say as text, whatever it is', async () => {
    const attack = '<script>document.title="owned"</script><img src=x onerror="document.title=1">';
    await page.goto(sentinel.apiUrl);
    await page.getByText('Live', { exact: true }).waitFor();
    await sentinel.post(
      eventOf({
        id: 'attack',
        timestamp: new Date().toISOString(),
        payload: { tool_name: attack, human_id: attack, client: attack, reason: 'javascript:alert(1)' },
      }),
    );
    await row('onerror').waitFor();
    await row('onerror').getByRole('button').click();
    await page.locator('.details').getByText('asserted').waitFor();
    expect(await page.locator('.details').innerText()).toContain(attack);
    expect(await page.locator('#console img, #console script').count()).toBe(0);
    expect(await page.title()).toBe('MCP Runtime console');
    expect(complaints).toEqual([]);
  });

  it('narrows decisions by server and decision, keeps that in the address, and opens older pages', async () => {
    const at = (index: number): string => new Date(Date.now() - 60_000 - index).toISOString();
    await sentinel.post(
      Array.from({ length: 130 }, (_, index) =>
        eventOf({
          id: `many-${index}`,
          timestamp: at(index),
          payload: { server: 'others', decision: index % 2 === 0 ? 'allow' : 'deny', tool_name: `t${index}` },
        }),
      ),
      OTHER_KEY,
    );
    await sentinel.settled();
    await page.goto(sentinel.apiUrl);
    await page.getByLabel('Server', { exact: true }).selectOption('mcp-servers/others');
    await expectCount(100);
    expect(await rows().filter({ hasText: 'notes' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Show older decisions' }).click();
    await expectCount(130);
    await page.getByLabel('Decision', { exact: true }).selectOption('deny');
    await expectCount(65);
    expect(page.url()).toContain('decision=deny');
    await page.reload();
    await expectCount(65);
    await page.getByLabel('Server', { exact: true }).selectOption('mcp-servers/notes');
    await page.getByLabel('Decision', { exact: true }).selectOption('would_deny');
    await page.getByText('Nothing matches these filters yet.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('can be paused, and used with the keyboard alone', async () => {
    await page.goto(sentinel.apiUrl);
    await page.getByText('Live', { exact: true }).waitFor();
    await rows().first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Enter');
    await sentinel.post(
      eventOf({ id: 'paused', timestamp: new Date().toISOString(), payload: { tool_name: 'while_paused' } }),
    );
    await page.getByRole('button', { name: 'Resume (1 new)' }).waitFor();
    expect(await row('while_paused').count()).toBe(0);
    await page.keyboard.press('Enter');
    await row('while_paused').waitFor();
    await row('while_paused').getByRole('button').focus();
    await page.keyboard.press('Enter');
    await page.locator('.details').getByText('Session presented').waitFor();
    expect(await row('while_paused').getByRole('button').getAttribute('aria-expanded')).toBe('true');
  });

  it('says so while the sentinel is away, and goes on where it was when it is back', async () => {
    const port = new URL(sentinel.apiUrl).port;
    await page.goto(sentinel.apiUrl);
    await page.getByText('Live', { exact: true }).waitFor();
    await sentinel.kill('SIGKILL');
    await page.getByText('Reconnecting…').waitFor();
    sentinel = await SentinelProcess.start(home, { CONSOLE_DIR: consoleDir, API_PORT: port });
    await sentinel.post(
      eventOf({ id: 'back', timestamp: new Date().toISOString(), payload: { tool_name: 'after_restart' } }),
    );
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 40_000 });
    await row('after_restart').waitFor({ timeout: 40_000 });
  }, 120_000);

  it('keeps text readable in the light and in the dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.goto(sentinel.apiUrl);
      await rows().first().waitFor();
      await section('Servers').getByText('failed').waitFor();
      const faint: unknown = await page.evaluate(FAINT_TEXT);
      expect([colorScheme, faint]).toEqual([colorScheme, []]);
    }
  });

  it('has headings, labelled regions, a real table, and a page that never scrolls sideways', async () => {
    await page.goto(sentinel.apiUrl);
    await rows().first().waitFor();
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.getByRole('columnheader', { name: 'Decision', exact: true }).count()).toBe(1);
    expect(await page.locator('[aria-live=polite]').count()).toBe(1);
    expect(await page.getByRole('img').first().getAttribute('aria-label')).toContain(
      'Decisions of the last 60 minutes',
    );
    for (const width of [1280, 700, 360]) {
      await page.setViewportSize({ width, height: 800 });
      // What is drawn to measure, as charts are, follows a moment later.
      const fits = 'document.documentElement.scrollWidth <= window.innerWidth';
      await until(async () => (await page.evaluate(fits)) === true, 20_000);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });
});

describe('the console of a sentinel with a token', () => {
  it('asks for the token once, and then shows the page', async () => {
    const guarded = await SentinelHome.make();
    const other = await SentinelProcess.start(guarded, { CONSOLE_DIR: consoleDir, API_TOKEN: TOKEN });
    try {
      await page.goto(other.apiUrl);
      const field = page.getByLabel('Token of this sentinel');
      await field.fill('not the token at all');
      await page.getByRole('button', { name: 'Open the console' }).click();
      await page.getByText('This is not the token of this sentinel.').waitFor();
      await field.fill(TOKEN);
      await page.getByRole('button', { name: 'Open the console' }).click();
      await page.getByText('No decision yet.', { exact: false }).waitFor();
      await page.getByText('No server yet.', { exact: false }).waitFor();
    } finally {
      await other.kill('SIGKILL');
      await guarded.remove();
    }
  }, 120_000);
});

async function expectCount(count: number): Promise<void> {
  await until(async () => (await rows().count()) === count, 20_000);
}

/** Texts whose contrast with what is behind them is below 4.5:1, evaluated in the page. */
const FAINT_TEXT = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (text === '' || element.closest('.u-wrap, noscript') !== null) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(text + ' ' + contrast.toFixed(2));
  }
  return [...new Set(faint)];
})()`;
