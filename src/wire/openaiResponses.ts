/** The Responses dialect: its answers and streams. */
import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayError } from '../base/errors';
import { writeJson } from '../base/exactJson';
import type { TurnEvent } from '../conversation/events';
import type { Dialect, DialectRequest, PlainEncoder, StreamEncoder } from './dialect';
import { openAiErrors } from './openaiErrors';
import { ResponseBuilder } from './openaiResponseBuilder';
import { parseResponsesRequest, type ResponsesRequest } from './openaiResponsesRequest';
import { NO_MEMORY, type ResponseMemory, withIds } from './openaiStoredResponses';

interface ResponsesDialect extends Dialect {
  /** @param memory Holds what was answered before, and gets what is answered now. */
  parse(body: unknown, headers: IncomingHttpHeaders, memory?: ResponseMemory): DialectRequest;
}

/** `POST /v1/responses`. */
export const openAiResponses: ResponsesDialect = {
  path: '/v1/responses',
  errors: openAiErrors,
  parse(body, headers, memory = NO_MEMORY) {
    const request = parseResponsesRequest(body, headers, memory);
    const begin = (nowSeconds: number): KeptResponse =>
      new KeptResponse(request, nowSeconds, memory);
    return {
      turn: request.turn,
      stream: request.stream,
      plain: (nowSeconds) => new PlainResponse(begin(nowSeconds)),
      streamed: (nowSeconds) => new ResponseStream(begin(nowSeconds)),
    };
  },
};

/** A response that is kept, when its client allows it, before the client can see its end. */
class KeptResponse extends ResponseBuilder {
  readonly #asked: ResponsesRequest;
  readonly #memory: ResponseMemory;

  constructor(request: ResponsesRequest, createdSeconds: number, memory: ResponseMemory) {
    super(request, createdSeconds);
    this.#asked = request;
    this.#memory = memory;
  }

  override add(event: TurnEvent): ReturnType<ResponseBuilder['add']> {
    const steps = super.add(event);
    if (event.type === 'end' && this.#asked.store) {
      const body = this.response();
      const { items, previous } = this.#asked;
      this.#memory.keep({
        id: body.id,
        body,
        input: withIds(items),
        output: body.output.map(({ id = '', ...item }) => ({ ...item, id })),
        previous,
      });
    }
    return steps;
  }
}

/** A plain answer is what the stream would have ended with. */
class PlainResponse implements PlainEncoder {
  readonly #builder: ResponseBuilder;

  constructor(builder: ResponseBuilder) {
    this.#builder = builder;
  }

  add(event: TurnEvent): void {
    this.#builder.add(event);
  }

  body(): object {
    return this.#builder.response();
  }
}

class ResponseStream implements StreamEncoder {
  readonly keepAlive = ': keep-alive\n\n';
  readonly #builder: ResponseBuilder;
  #sequence = 0;

  constructor(builder: ResponseBuilder) {
    this.#builder = builder;
  }

  encode(event: TurnEvent): string {
    return this.#write(this.#builder.add(event));
  }

  fail(error: GatewayError): string {
    return this.#write(this.#builder.fail(error));
  }

  #write(events: ReturnType<ResponseBuilder['add' | 'fail']>): string {
    return events
      .map((event) => {
        const data = { ...event, sequence_number: this.#sequence++ };
        return `event: ${event.type}\ndata: ${writeJson(data)}\n\n`;
      })
      .join('');
  }
}
