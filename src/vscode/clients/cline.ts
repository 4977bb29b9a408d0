import { type GuideClient, openAiBase } from './client';

/** Cline and Roo Code keep their settings where no other extension can write. */
export const cline: GuideClient = {
  kind: 'guide',
  id: 'cline',
  title: 'Cline / Roo Code',
  describe: (t) => t('Shows what to enter in their settings, and copies the values.'),
  guide: (facts, t) => {
    const steps = [
      t('Open the settings of Cline or Roo Code (the gear in its view).'),
      t('Choose “OpenAI Compatible” as the API provider.'),
      t('Enter the base URL: `{0}`', openAiBase(facts)),
      t('Paste the API key. The notification copies it for you.'),
      t('Enter the model: `{0}`', facts.models[0].id),
      t('Save. The first message shows up in the gateway’s panel.'),
    ];
    return [
      `# ${t('Connect {0}', 'Cline / Roo Code')}`,
      '',
      ...steps.map((step, index) => `${index + 1}. ${step}`),
      '',
      t('These models are there: {0}', facts.models.map(({ id }) => `\`${id}\``).join(', ')),
      '',
    ].join('\n');
  },
};
