/** What the ordinary answer tells about the turn. Lengths count UTF-16 units. */
export interface TurnFacts {
  readonly question: string;
  readonly sessionId: string;
  /** 1 for the first question of a session. */
  readonly turn: number;
  /** Characters of earlier questions and answers in this session. */
  readonly heldCharacters: number;
  /** Pictures that came with the question … */
  readonly images: number;
  /** … and with earlier questions of this session. */
  readonly heldImages: number;
}

const shownCharacters = 120;
const searchedCharacters = 4000;

/**
 * The end of a prompt on one line: its last paragraph, cut in front to a length that reads well.
 * The prompt may be a whole transcript, of which the last message stands at the end.
 */
export function promptTail(question: string): string {
  const paragraphs = question
    .slice(-searchedCharacters)
    .trim()
    .split(/\n\s*\n/);
  const line = (paragraphs.at(-1) ?? '').replace(/\s+/g, ' ');
  const characters = Array.from(line);
  if (characters.length <= shownCharacters) return line;
  return `…${characters.slice(-shownCharacters).join('').trimStart()}`;
}

function isChinese(text: string): boolean {
  return /\p{Script=Han}/u.test(text);
}

function countImages(count: number): string {
  return count === 1 ? '1 image' : `${count} images`;
}

function english(tail: string, facts: TurnFacts): string[] {
  const { question, turn, heldCharacters, sessionId, images, heldImages } = facts;
  return [
    'This is the demo stand-in for Lingma. No model has read your prompt.',
    `You wrote: “${tail}”`,
    `Turn ${turn} of session ${sessionId.slice(0, 8)}: 1 message with ${question.length} characters ` +
      `${images > 0 ? `and ${countImages(images)} ` : ''}arrived in this turn, ` +
      `${heldCharacters} characters ${heldImages > 0 ? `and ${countImages(heldImages)} ` : ''}` +
      'were held from before.',
    ...(turn === 1
      ? [
          'To talk to the real Lingma, set `lingmaGateway.lingmaPath` in VS Code, or start the ' +
            'headless launcher with `--lingma PROGRAM`.',
        ]
      : []),
  ];
}

function chinese(tail: string, facts: TurnFacts): string[] {
  const { question, turn, heldCharacters, sessionId, images, heldImages } = facts;
  return [
    '这是 Lingma 的演示替身，没有任何模型读过您的提问。',
    `您写道：“${tail}”`,
    `会话 ${sessionId.slice(0, 8)} 的第 ${turn} 轮：本轮收到 1 条消息，共 ${question.length} 个字符` +
      `${images > 0 ? `和 ${images} 张图片` : ''}；` +
      `此前已保留 ${heldCharacters} 个字符${heldImages > 0 ? `和 ${heldImages} 张图片` : ''}。`,
    ...(turn === 1
      ? [
          '要使用真正的 Lingma，请在 VS Code 中设置 `lingmaGateway.lingmaPath`，' +
            '或用 `--lingma PROGRAM` 启动无界面程序。',
        ]
      : []),
  ];
}

/** The answer to a prompt without directives: the same facts always give the same text. */
export function demoReply(facts: TurnFacts): string {
  const tail = promptTail(facts.question);
  return (isChinese(tail) ? chinese(tail, facts) : english(tail, facts)).join('\n\n');
}

/** What a reasoning model of the demo says before it answers. */
export function demoThinking(facts: TurnFacts): string {
  return isChinese(promptTail(facts.question))
    ? `演示：假装思考第 ${facts.turn} 轮的提问。`
    : `Demo: pretending to think about the question of turn ${facts.turn}.`;
}

/** A session title from its first prompt. */
export function titleOf(question: string): string {
  return Array.from(promptTail(question)).slice(0, 40).join('');
}

/**
 * Cuts a text into deltas of at most `size` code points, after a space where there is one. No
 * delta ends inside a surrogate pair.
 */
export function cutDeltas(text: string, size: number): string[] {
  const deltas: string[] = [];
  let start = 0;
  while (start < text.length) {
    let end = start;
    let afterSpace = 0;
    for (let taken = 0; taken < size && end < text.length; taken++) {
      const point = text.codePointAt(end) ?? 0;
      end += point > 0xffff ? 2 : 1;
      if (point === 0x20 || point === 0x0a) afterSpace = end;
    }
    if (end < text.length && afterSpace > start) end = afterSpace;
    deltas.push(text.slice(start, end));
    start = end;
  }
  return deltas;
}

/** The first half of a text, counted in code points. */
export function firstHalf(text: string): string {
  const characters = Array.from(text);
  return characters.slice(0, Math.floor(characters.length / 2)).join('');
}
