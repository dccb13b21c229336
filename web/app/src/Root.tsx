import { useEffect, useMemo } from 'react';
import { Toasts } from './components/Toasts';
import { browserLanguage, languages, LocaleContext, localeTags } from './i18n';
import { pageTitle, showBadge, unreadCount } from './state/notices';
import { usePreferences } from './state/preferences';
import { useApp } from './state/store';
import { Shell } from './views/Shell';
import { OtherTab } from './views/OtherTab';
import { SwitchMeeting } from './views/SwitchMeeting';
import { SignIn } from './views/SignIn';

export function Root() {
  const { language: chosen, theme, textSize } = usePreferences();
  const language = chosen ?? browserLanguage();
  const phase = useApp((state) => state.phase);
  const locale = useMemo(() => ({ language, texts: languages[language] }), [language]);
  const unread = useApp(unreadCount);
  const title = useApp((state) => pageTitle(state, locale.texts));

  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => showBadge(unread, window), [unread]);
  useEffect(() => {
    document.documentElement.lang = localeTags[language];
  }, [language]);
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    document.documentElement.dataset.textSize = textSize;
  }, [textSize]);

  return (
    <LocaleContext value={locale}>
      {phase === 'signedIn' || phase === 'restoring' ? <Shell /> : phase === 'otherTab' ? <OtherTab /> : <SignIn />}
      <SwitchMeeting />
      <Toasts />
    </LocaleContext>
  );
}
