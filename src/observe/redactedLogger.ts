import type { LogFacts, Logger } from './log';
import type { Redactor } from './redact';

/**
 * A logger whose lines and facts hold no secret, whoever quotes what in them: a client may send its
 * key as anything, and a process may print what it likes.
 */
export function redactedLogger(logger: Logger, redactor: Redactor): Logger {
  return {
    writes: (level) => logger.writes(level),
    log: (level, message, facts) => {
      if (!logger.writes(level)) return;
      logger.log(level, redactor.redact(message), facts && (() => redactFacts(facts(), redactor)));
    },
    child: (topic, facts) =>
      redactedLogger(logger.child(topic, facts && redactFacts(facts, redactor)), redactor),
  };
}

function redactFacts(facts: LogFacts, redactor: Redactor): LogFacts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'string' ? redactor.redact(value) : value,
    ]),
  );
}
