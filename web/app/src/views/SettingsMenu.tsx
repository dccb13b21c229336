import type { ReactNode } from 'react';
import { Menu } from '../components/Menu';
import { browserLanguage, languages, useTexts } from '../i18n';
import { setIsAsking, useIsAsking } from '../meeting/prejoin';
import { app } from '../state/page';
import { setPreferences, usePreferences } from '../state/preferences';
import type { Language, Theme } from '../state/storage';

export function SettingsMenu({ className, signedIn, children }: { className: string; signedIn: boolean; children: ReactNode }) {
  const { settings } = useTexts();
  const isAsking = useIsAsking();
  const { theme, language, notifications } = usePreferences();
  const themes: [Theme, string][] = [
    ['system', settings.themeSystem],
    ['light', settings.themeLight],
    ['dark', settings.themeDark],
  ];
  const current = language ?? browserLanguage();
  return (
    <Menu
      label={settings.menu}
      className={className}
      sections={[
        {
          key: 'language',
          title: settings.language,
          items: Object.entries(languages).map(([key, { name }]) => ({
            key,
            label: name,
            checked: key === current,
            onSelect: () => setPreferences({ language: key as Language }),
          })),
        },
        {
          key: 'theme',
          title: settings.theme,
          items: themes.map(([key, label]) => ({
            key,
            label,
            checked: key === theme,
            onSelect: () => setPreferences({ theme: key }),
          })),
        },
        ...(signedIn
          ? [
              {
                key: 'meetings',
                items: [
                  {
                    key: 'preview',
                    label: settings.previewFirst,
                    checked: isAsking,
                    isAlone: true,
                    onSelect: () => setIsAsking(!isAsking),
                  },
                  {
                    key: 'notifications',
                    label: settings.notifications,
                    checked: notifications,
                    isAlone: true,
                    onSelect: () => void app.setNotifications(!notifications),
                  },
                ],
              },
              {
                key: 'session',
                items: [{ key: 'signOut', label: settings.signOut, onSelect: () => void app.signOut() }],
              },
            ]
          : []),
      ]}
    >
      {children}
    </Menu>
  );
}
