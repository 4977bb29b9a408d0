/** The Responses dialect: its answers and streams. */
import type { GatewayError } from '../base/errors';
import type { TurnEvent } from '../conversation/events';
import type { Dialect, PlainEncoder, StreamEncoder } from './dialect';
import { openAiError } from './openaiErrors';
import { ResponseBuilder } from './openaiResponseBuilder';
import { parseResponsesRequest } from './openaiResponsesRequest';

/** `POST /v1/responses`. */
export const openAiResponses: Dialect = {
  path: '/v1/responses',
  errorBody: openAiError,
  parse(body, headers) {
    const request = parseResponsesRequest(body, headers);
    return {
      turn: request.turn,
      stream: request.stream,
      plain: (nowSeconds) => new PlainResponse(new ResponseBuilder(request, nowSeconds)),
      streamed: (nowSeconds) => new ResponseStream(new ResponseBuilder(request, nowSeconds)),
    };
  },
};

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

  #write(events: ReturnType<ResponseBuilder['add']>): string {
    return events
      .map((event) => {
        const data = { ...event, sequence_number: this.#sequence++ };
        return `event: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
      })
      .join('');
  }
}
