/** What a turn is asked with (protocol §4a.1); nothing that the protocol does not want. */
export function askParams(requestId: string, prompt: string, model: string): object {
  return {
    requestId,
    sessionId: '',
    sessionType: 'chat',
    mode: 'chat',
    chatTask: 'FREE_INPUT',
    questionText: prompt,
    chatContext: { text: prompt, localeLang: 'en', preferredLanguage: 'en' },
    codeLanguage: '',
    isReply: false,
    source: 1,
    stream: true,
    taskDefinitionType: 'system',
    extra: { context: [], modelConfig: { key: model } },
  };
}
