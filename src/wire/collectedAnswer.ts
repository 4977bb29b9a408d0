/** A whole answer, put together from the events of its turn: what every plain body is made of. */
import type { ToolCallEvent, TurnEvent } from '../conversation/events';

export type EndEvent = Extract<TurnEvent, { type: 'end' }>;

export class CollectedAnswer {
  model = '';
  text = '';
  reasoning = '';
  readonly calls: ToolCallEvent[] = [];
  /** Undefined until the turn has ended. */
  end: EndEvent | undefined;

  add(event: TurnEvent): void {
    switch (event.type) {
      case 'start':
        this.model = event.model;
        return;
      case 'text':
        this.text += event.delta;
        return;
      case 'reasoning':
        this.reasoning += event.delta;
        return;
      case 'toolCall':
        this.calls.push(event);
        return;
      case 'end':
        this.end = event;
        return;
    }
  }
}
