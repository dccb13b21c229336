import { SidePage } from '../SidePage';
import { Appearance } from './Appearance';
import { Devices } from './Devices';
import { Meetings } from './Meetings';
import { Profile } from './Profile';
import { Shortcuts } from './Shortcuts';
import { SoundAndVideo } from './SoundAndVideo';
import { useSettingsTexts } from './texts';

/** All that a person can choose. */
export default function SettingsPage() {
  const texts = useSettingsTexts();
  return (
    <SidePage title={texts.title}>
      <Profile />
      <Appearance />
      <SoundAndVideo />
      <Meetings />
      <Devices />
      <Shortcuts />
    </SidePage>
  );
}
