import { useEffect, useState } from 'react';
import { Icon } from '../../components/Icon';
import { app } from '../../state/page';
import { Part } from './Part';
import { useSettingsTexts } from './texts';

/** The device type of the protocol that this page signs in as. */
const browser = 1;

/** The kinds of devices that the user is signed in on. */
export function Devices() {
  const texts = useSettingsTexts();
  const [types, setTypes] = useState<readonly number[] | 'failed'>([]);
  useEffect(() => {
    let isWanted = true;
    app.groups.ownDevices().then(
      (found) => isWanted && setTypes(found),
      () => isWanted && setTypes('failed'),
    );
    return () => {
      isWanted = false;
    };
  }, []);
  return (
    <Part title={texts.devices}>
      {types === 'failed' ? (
        <p>{texts.devicesFailed}</p>
      ) : (
        <ul className="settings-devices">
          {types.map((type) => (
            <li key={type}>
              <Icon name={type === browser ? 'grid' : 'phone'} size={18} />
              {texts.deviceTypes[type] ?? texts.deviceTypes.at(-1)}
              {type === browser && <small>({texts.thisDevice})</small>}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}
