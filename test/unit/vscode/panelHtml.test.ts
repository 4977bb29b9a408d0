import assert from 'node:assert/strict';
import { renderPanelHtml } from '../../../src/vscode/panelHtml';

describe("the panel's page", () => {
  const page = {
    layout: 'panel' as const,
    cspSource: 'https://*.vscode-cdn.net',
    nonce: 'n0nce',
    scriptUri: 'https://x/dist/dashboard.js',
    styleUri: 'https://x/media/dashboard.css',
    language: 'en',
    title: 'Lingma Gateway',
    bundle: {},
  };

  it('allows its own script and style, and nothing else', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(
      renderPanelHtml(page),
    )?.[1];
    assert.equal(
      policy,
      "default-src 'none'; script-src 'nonce-n0nce'; style-src https://*.vscode-cdn.net",
    );
  });

  it('has one script, with the nonce, and no inline style or handler', () => {
    const html = renderPanelHtml(page);
    assert.deepEqual(html.match(/<script[^>]*>/g), [
      '<script nonce="n0nce" src="https://x/dist/dashboard.js">',
    ]);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=/);
  });

  it('tells the page where it is shown', () => {
    assert.match(
      renderPanelHtml({ ...page, layout: 'view' }),
      /<main id="root" data-layout="view"/,
    );
  });

  it('keeps translations from breaking out of their attribute', () => {
    const html = renderPanelHtml({ ...page, bundle: { Log: '"><script>alert(1)</script>' } });
    assert.equal(html.match(/<script/g)?.length, 1);
    assert.ok(html.includes('&quot;&gt;&lt;script&gt;'));
  });
});
