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

export function useLocaleTag(): string {
  return localeTags[useContext(LocaleContext).language];
}
