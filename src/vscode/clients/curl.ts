import { type CopyClient, openAiBase } from './client';

/** A request to try in a shell; on Windows for its command prompt. */
export const curl: CopyClient = {
  kind: 'copy',
  id: 'curl',
  title: 'curl',
  describe: (t) => t('Copies a command line that asks one question.'),
  copied: (facts, platform) => {
    const body = JSON.stringify({
      model: facts.models[0].id,
      messages: [{ role: 'user', content: 'Say hello.' }],
    });
    const [program, quote] =
      platform === 'win32' ? ['curl.exe', quoteForWindows] : ['curl', quoteForShell];
    return [
      `${program} ${openAiBase(facts)}/chat/completions`,
      `-H ${quote(`Authorization: Bearer ${facts.apiKey}`)}`,
      `-H ${quote('Content-Type: application/json')}`,
      `-d ${quote(body)}`,
    ].join(' ');
  },
  next: (_, t) =>
    t('The command line is on the clipboard, with your API key in it. Paste it into a terminal.'),
};

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function quoteForWindows(text: string): string {
  return `"${text.replaceAll('"', String.raw`\"`)}"`;
}
