/** The result of a connection test in words: one sentence, the next step, and the details. */
import type { CommandName } from '../ids';
import type { Localize } from '../localize';
import type { TestFailure, TestReport, TestStep } from './connectionTest';

export interface TestExplanation {
  readonly ok: boolean;
  readonly sentence: string;
  /** The command that leads on; undefined when nothing has to be done. */
  readonly action: 'signIn' | 'openPanel' | 'showLog' | 'restart' | undefined;
}

/** What went well, or what to do about it; undefined for a test that the user ended. */
export function explainTest(
  { model, turns, failure }: TestReport,
  t: Localize,
): TestExplanation | undefined {
  const [first] = turns;
  if (!failure) {
    const ms = first ? Math.round(first.ttftMs) : 0;
    const continued = turns.some(
      ({ step, reuse }) => step === 'continuation' && reuse === 'continued',
    );
    const sentence = continued
      ? t(
          'The connection works: {0} began to answer after {1} ms, in all three dialects, and the second message continued its session.',
          model,
          ms,
        )
      : t(
          'The connection works: {0} began to answer after {1} ms, in all three dialects. The second message did not continue its session.',
          model,
          ms,
        );
    return { ok: true, sentence, action: undefined };
  }
  if (failure.kind === 'cancelled') return undefined;
  return { ok: false, ...explainFailure(failure, t) };
}

type RealFailure = Exclude<TestFailure, { readonly kind: 'cancelled' }>;

function explainFailure(
  failure: RealFailure,
  t: Localize,
): Pick<TestExplanation, 'sentence' | 'action'> {
  if (failure.kind === 'unreachable') {
    return {
      sentence: t('The gateway cannot be reached. Restart it. ({0})', failure.message),
      action: 'restart',
    };
  }
  if (failure.kind === 'malformed') {
    return {
      sentence: t(
        'The answer did not come through whole. The log says more. ({0})',
        failure.message,
      ),
      action: 'showLog',
    };
  }
  const { code, message } = failure;
  switch (code) {
    case 'invalid_api_key':
    case 'authentication_error':
      return {
        sentence: t('The gateway does not take the key of this window. Restart the gateway.'),
        action: 'restart',
      };
    case 'upstream_auth':
      return { sentence: t('Lingma is signed out. Sign in, then try again.'), action: 'signIn' };
    case 'no_instance':
    case 'instance_lost':
    case 'start_failed':
      return {
        sentence: t('No Lingma process could answer. {0}', message),
        action: 'openPanel',
      };
    default:
      return { sentence: t('The test request was refused. {0}', message), action: 'showLog' };
  }
}

/** Everything that was measured, as Markdown. */
export function renderTestDetails(report: TestReport, baseUrl: string, t: Localize): string {
  const { model, turns, failure } = report;
  const rows = turns.map(
    ({ step, ttftMs, totalMs, reuse }) =>
      `| ${stepName(step, t)} | ${Math.round(ttftMs)} ms | ${Math.round(totalMs)} ms | ${reuse ?? '–'} |`,
  );
  const answers = turns.map(({ step, answer }) => `- ${stepName(step, t)}: ${inline(answer)}`);
  const failed =
    failure === undefined || failure.kind === 'cancelled'
      ? []
      : [
          t('Failed: {0}', stepName(failure.step, t)),
          '',
          failure.kind === 'refused'
            ? `\`${failure.code}\`: ${inline(failure.message)}`
            : inline(failure.message),
          '',
        ];
  return [
    `# ${t('Connection test')}`,
    '',
    t('Address: {0}', `\`${baseUrl}\``),
    '',
    t('Model: {0}', `\`${model}\``),
    '',
    ...failed,
    `| ${t('Request')} | ${t('First words')} | ${t('Whole answer')} | ${t('Session')} |`,
    '| --- | ---: | ---: | --- |',
    ...rows,
    '',
    ...answers,
    '',
  ].join('\n');
}

/** The name of a step, in the words of the API it tests. */
export function stepName(step: TestStep, t: Localize): string {
  switch (step) {
    case 'chat':
      return t('Chat Completions');
    case 'continuation':
      return t('Chat Completions, second message');
    case 'responses':
      return t('Responses');
    case 'messages':
      return t('Messages');
  }
}

/** The title of the button that runs the command. */
export function actionTitle(action: NonNullable<TestExplanation['action']>, t: Localize): string {
  switch (action satisfies CommandName) {
    case 'restart':
      return t('Restart');
    case 'signIn':
      return t('Sign In');
    case 'openPanel':
      return t('Open Panel');
    case 'showLog':
      return t('Show Log');
  }
}

/** What was said, on one line and as the text it is: no markup, no links. */
function inline(text: string): string {
  const short = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return short.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]()#+!|<>~&]/g, '\\$&');
}
