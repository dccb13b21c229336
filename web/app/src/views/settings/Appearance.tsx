import { browserLanguage, languages, useTexts } from '../../i18n';
import { setPreferences, usePreferences } from '../../state/preferences';
import type { Language } from '../../state/storage';
import { textSizes } from '../../state/storage';
import { Choice, Part } from './Part';
import { useSettingsTexts } from './texts';

export function Appearance() {
  const { settings } = useTexts();
  const texts = useSettingsTexts();
  const { theme, language, textSize } = usePreferences();
  return (
    <Part title={texts.appearance}>
      <Choice
        title={texts.colours}
        options={[
          ['system', settings.themeSystem],
          ['light', settings.themeLight],
          ['dark', settings.themeDark],
        ]}
        value={theme}
        onChoose={(chosen) => setPreferences({ theme: chosen })}
      />
      <Choice
        title={settings.language}
        options={(Object.keys(languages) as Language[]).map((key) => [key, languages[key].name] as const)}
        value={language ?? browserLanguage()}
        onChoose={(chosen) => setPreferences({ language: chosen })}
      />
      <Choice
        title={texts.textSize}
        options={textSizes.map((size) => [size, texts.textSizes[size]] as const)}
        value={textSize}
        onChoose={(chosen) => setPreferences({ textSize: chosen })}
      />
    </Part>
  );
}
