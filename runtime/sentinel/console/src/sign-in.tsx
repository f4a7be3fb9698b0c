import type { ReactNode } from 'react';
import { useState } from 'react';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';

/** Asks for the sentinel's token once; it becomes a cookie that scripts can't read. */
export function SignIn(): ReactNode {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string>();
  const send = async (): Promise<void> => {
    setProblem(undefined);
    try {
      const response = await fetch(SENTINEL_PATHS.session, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      });
      if (response.ok) location.reload();
      else setProblem('This is not the token of this sentinel.');
    } catch {
      setProblem('The sentinel does not answer.');
    }
  };
  return (
    <main className="sign-in">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <h1>MCP Runtime</h1>
        <label>
          <span>Token of this sentinel</span>
          <input
            type="password"
            autoComplete="current-password"
            required
            value={token}
            onChange={({ target }) => setToken(target.value)}
          />
        </label>
        {problem !== undefined && (
          <p className="bad-text" role="alert">
            {problem}
          </p>
        )}
        <button type="submit">Open the console</button>
        <p className="muted small">It is what the sentinel was started with, in API_TOKEN.</p>
      </form>
    </main>
  );
}
