import { type ReactNode, useState } from 'react';
import { Dialog } from '../components/Dialog';
import { Menu } from '../components/Menu';
import { browserLanguage, languages, useTexts } from '../i18n';
import { setIsAsking, useIsAsking } from '../meeting/prejoin';
import { countUnsent } from '../state/outbox';
import { app } from '../state/page';
import { setPreferences, usePreferences } from '../state/preferences';
import { openPage } from '../state/route';
import type { Language, Theme } from '../state/storage';
import { appStore } from '../state/store';

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
  /** How many messages a sign-out would discard, while that is asked. */
  const [discarded, setDiscarded] = useState(0);
  const signOut = () => {
    const unsent = countUnsent(appStore.getState());
    if (unsent > 0) setDiscarded(unsent);
    else void app.signOut();
  };
  return (
    <>
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
                  items: [
                    { key: 'all', label: settings.all, onSelect: () => openPage('settings') },
                    { key: 'signOut', label: settings.signOut, onSelect: signOut },
                  ],
                },
              ]
            : []),
        ]}
      >
        {children}
      </Menu>
      {discarded > 0 && (
        <Dialog
          title={settings.confirmSignOut(discarded)}
          confirm={settings.signOut}
          danger
          onConfirm={() => void app.signOut()}
          onClose={() => setDiscarded(0)}
        />
      )}
    </>
  );
}
