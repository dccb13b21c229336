import { useTexts } from '../i18n';
import { type AppState, useApp } from './store';

/** Names of people and groups, for the views. */
export interface Names {
  user: (id: bigint) => string;
  group: (id: bigint) => string;
}

export function useNames(): Names {
  const { common } = useTexts();
  const profiles = useApp((state: AppState) => state.profiles);
  const groups = useApp((state: AppState) => state.groups);
  return {
    user: (id) => profiles.get(id)?.name || common.member(`${id}`),
    group: (id) => groups.get(id)?.name || common.group(`${id}`),
  };
}
