import type { MenuSection } from '../components/Menu';
import { useTexts } from '../i18n';
import { backgrounds, chooseEffects, mostPictureLength, savings, sounds, useEffectChoice } from '../media/choice';
import { thisDevice } from '../media/encoding';
import { tellInMeeting } from './meetingNotices';

/** What is behind this user. Nothing where the browser cannot do it. */
export function useBackgroundMenu(): MenuSection[] {
  const { effects: texts } = useTexts();
  const { background, ownPicture } = useEffectChoice();
  if (typeof OffscreenCanvas === 'undefined') return [];
  const items = backgrounds
    .filter((key) => key !== 'own' || ownPicture !== undefined)
    .map((key) => ({
      key,
      label: texts.backgrounds[key],
      checked: background === key,
      onSelect: () => chooseEffects({ background: key }),
    }));
  return [
    {
      key: 'background',
      title: texts.background,
      items: [...items, { key: 'choose', label: texts.choosePicture, icon: 'file' as const, onSelect: choosePicture }],
    },
  ];
}

/** What is done with this user's sound, and from where the others' comes. */
export function useSoundMenu(): MenuSection[] {
  const { effects: texts } = useTexts();
  const { sound, isSpatial } = useEffectChoice();
  const items = sounds.map((key) => ({
    key,
    label: texts.sounds[key],
    checked: sound === key,
    onSelect: () => chooseEffects({ sound: key }),
  }));
  const spatial = {
    key: 'spatial',
    label: texts.spatial,
    checked: isSpatial,
    isAlone: true,
    onSelect: () => chooseEffects({ isSpatial: !isSpatial }),
  };
  return [
    { key: 'sound', title: texts.sound, items },
    { key: 'spatial', items: [spatial] },
  ];
}

function choosePicture(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*';
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (!file) return;
    toPicture(file).then(
      (ownPicture) => chooseEffects({ background: 'own', ownPicture }),
      () => tellInMeeting('pictureUnusable'),
    );
  });
  input.click();
}

const mostWidth = 1280;

/** The picture in a file, as small as a background may be, as an address with its data. */
async function toPicture(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, mostWidth / bitmap.width);
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  for (const quality of [0.85, 0.6, 0.3]) {
    const address = canvas.toDataURL('image/jpeg', quality);
    if (address.length <= mostPictureLength) return address;
  }
  throw new Error('the picture is too large');
}

/** When the device does less than it could. */
export function useSavingMenu(): MenuSection[] {
  const { saving: texts } = useTexts();
  const { saving } = useEffectChoice();
  const items = savings.map((key) => ({
    key,
    label: texts.wishes[key],
    checked: saving === key,
    onSelect: () => chooseEffects({ saving: key }),
  }));
  return [{ key: 'saving', title: texts.title, items }];
}

/** Which of a phone's cameras; nothing on other devices. */
export function useFacingMenu(): MenuSection[] {
  const { effects: texts } = useTexts();
  const { facing } = useEffectChoice();
  if (thisDevice() === 'desktop') return [];
  const items = (['user', 'environment'] as const).map((key) => ({
    key,
    label: texts.facings[key],
    checked: facing === key,
    onSelect: () => chooseEffects({ facing: key }),
  }));
  return [{ key: 'facing', title: texts.facing, items }];
}

/** Whether what is shared next is to be sharp or smooth. */
export function useScreenMenu(): MenuSection[] {
  const { effects: texts } = useTexts();
  const { screen } = useEffectChoice();
  const items = (['text', 'motion'] as const).map((key) => ({
    key,
    label: texts.screens[key],
    checked: screen === key,
    onSelect: () => chooseEffects({ screen: key }),
  }));
  return [{ key: 'screen', title: texts.screen, items }];
}
