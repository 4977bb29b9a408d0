/** Whether the chosen model can see what the conversation shows, and what happens if not. */
import { GatewayError } from '../base/errors';
import type { Message, Part } from '../conversation/messages';
import type { Model } from '../lingma/models';

/** What becomes of images for a model that takes none: the turn is refused, or a text says so. */
export const BLIND_MODEL_RULES = ['refuse', 'placeholder'] as const;
export type BlindModelRule = (typeof BLIND_MODEL_RULES)[number];

/** Whether the process says that the model takes no images (protocol §5, `isVl`). */
export function isBlind({ vision }: Pick<Model, 'vision'>): boolean {
  return vision === false;
}

/**
 * Throws `unsupported_content`, naming the models that take images, when the conversation holds one
 * and the process says that its model takes none (protocol §5, `isVl`). One of which it says
 * nothing may try.
 */
export function assertSeen(
  messages: readonly Message[],
  model: Model,
  models: readonly Model[],
): void {
  if (!isBlind(model)) return;
  const place = messages.find(({ parts }) => parts.some(holdsImage));
  if (place) throw blindModel(place.path, model, models);
}

function holdsImage(part: Part): boolean {
  return part.type === 'image' || (part.type === 'toolResult' && part.parts.some(holdsImage));
}

function blindModel(path: string, { id }: Model, models: readonly Model[]): GatewayError {
  const seeing = models.flatMap((model) => (model.vision ? [model.id] : []));
  const advice =
    seeing.length > 0
      ? `Ask one that does: ${seeing.join(', ')}.`
      : 'Send text only; none here does.';
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    param: path,
    message: `${path} holds an image, and the model ${id} takes none. ${advice}`,
  });
}
