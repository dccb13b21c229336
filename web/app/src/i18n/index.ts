import { createContext, useContext } from 'react';
import type { Language } from '../state/storage';
import { en, type Texts } from './en';
import { zh } from './zh';

export type { Texts };

export const languages: Record<Language, Texts> = { en, zh };

export function browserLanguage(preferred: readonly string[] = navigator.languages): Language {
  for (const tag of preferred) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

export const localeTags: Record<Language, string> = { en: 'en', zh: 'zh-CN' };

export interface Locale {
  language: Language;
  texts: Texts;
}

export const LocaleContext = createContext<Locale>({ language: 'en', texts: en });

export function useTexts(): Texts {
  return useContext(LocaleContext).texts;
}

/** How dates and times are written: as where the person lives, as far as the browser tells, in the language chosen. */
export function dateTag(language: Language, preferred: readonly string[] = navigator.languages): string {
  return preferred.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? localeTags[language];
}

export function useDateTag(): string {
  return dateTag(useContext(LocaleContext).language);
}
