/** Makes `@lingma` known to VS Code; everything behind it is loaded when it is first spoken to. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable';
import { internalCommandIds, participantId } from '../ids';
import type { Participant, ParticipantDependencies } from './participant';

export interface RegistrationDependencies extends ParticipantDependencies {
  readonly extensionUri: vscode.Uri;
}

/** Some editors made from VS Code have no chat. */
const { chat } = vscode as { readonly chat?: Partial<typeof vscode.chat> };

/** Registers the participant, or nothing where there is no chat to take part in. */
export function registerParticipant(dependencies: RegistrationDependencies): Disposable {
  const store = new DisposableStore();
  if (!chat?.createChatParticipant) return store;

  let loading: Promise<Participant> | undefined;
  const load = (): Promise<Participant> =>
    (loading ??= import('./participant').then(
      ({ Participant: Loaded }) => new Loaded(dependencies),
    ));
  const participant = store.add(
    chat.createChatParticipant(participantId, async (request, context, stream, token) =>
      (await load()).handle(request, context, stream, token),
    ),
  );
  participant.iconPath = vscode.Uri.joinPath(dependencies.extensionUri, 'media', 'icon.png');
  participant.followupProvider = {
    provideFollowups: async (result) => (await load()).followups(result),
  };
  store.add(
    vscode.commands.registerCommand(internalCommandIds.useModel, async (id: unknown) =>
      (await load()).useModel(id),
    ),
  );
  return store;
}
