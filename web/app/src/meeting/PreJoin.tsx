import { useEffect, useState } from 'react';
import { Dialog } from '../components/Dialog';
import { Icon, type IconName } from '../components/Icon';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { rememberDevice, setPreferences, usePreferences } from '../state/preferences';
import { useApp } from '../state/store';
import { Preview } from '../components/Preview';
import { giveUpEntering, proceed, setIsAsking, type Wanted } from './prejoin';
import { type Background, BackgroundEffect, isBackgroundSupported } from '../media/background/effect';
import { pictures } from '../media/background/pictures';
import { backgroundOf, backgrounds, chooseEffects, useEffectChoice } from '../media/choice';
import { useDevice, useDevices } from '../media/useDevices';
import '../styles/prejoin.css';

const kinds = ['audioinput', 'videoinput', 'audiooutput'] as const;

/** What the others will see and hear, before they do: preview, what is on, and which devices. */
export default function PreJoin({ wanted }: { wanted: Wanted }) {
  const texts = useTexts();
  const names = useNames();
  const preferences = usePreferences();
  const [microphoneOn, setMicrophoneOn] = useState(preferences.microphoneOn);
  const [cameraOn, setCameraOn] = useState(preferences.cameraOn);
  const [isSkipping, setIsSkipping] = useState(false);
  const [chosen, setChosen] = useState(preferences.devices);
  const microphone = useDevice('audioinput', microphoneOn, chosen.audioinput);
  const camera = useDevice('videoinput', cameraOn, chosen.videoinput);
  const effects = useEffectChoice();
  const background = backgroundOf(effects, pictures);
  const shown = useBackground(camera.stream, background);
  // The names of devices are told once one of them may be used.
  const devices = useDevices(microphone.stream ?? camera.stream);
  const isOver = useApp(
    ({ meetings }) => wanted.meetingId !== undefined && meetings.get(wanted.meetingId)?.endedAt !== undefined,
  );
  const labels = { audioinput: texts.meeting.microphone, videoinput: texts.meeting.camera, audiooutput: texts.meeting.speaker };

  const enter = () => {
    setPreferences({ microphoneOn, cameraOn });
    for (const kind of kinds) if (chosen[kind]) rememberDevice(kind, chosen[kind]);
    if (isSkipping) setIsAsking(false);
    proceed(wanted);
  };
  const failures = (
    [
      [texts.meeting.microphone, microphone.failure],
      [texts.meeting.camera, camera.failure],
    ] as const
  ).flatMap(([label, failure]) => (failure ? [`${label}: ${describeError(failure, texts)}`] : []));

  return (
    <Dialog
      title={names.group(wanted.groupId)}
      className="prejoin"
      confirm={wanted.meetingId === undefined ? texts.meeting.start : texts.meeting.join}
      {...(isOver && { error: texts.meeting.gone.ended })}
      busy={isOver}
      focusConfirm
      onConfirm={enter}
      onClose={giveUpEntering}
    >
      <div className="prejoin-picture">
        {shown ? <Preview stream={shown} /> : <p>{cameraOn ? '' : texts.prejoin.cameraIsOff}</p>}
        <div className="prejoin-toggles">
          <Toggle
            label={microphoneOn ? texts.meeting.microphoneOn : texts.meeting.microphoneOff}
            icon={microphoneOn ? 'microphone' : 'microphoneOff'}
            isOn={microphoneOn}
            hasFailed={microphone.failure !== undefined}
            onClick={() => setMicrophoneOn(!microphoneOn)}
          />
          <Toggle
            label={cameraOn ? texts.meeting.cameraOn : texts.meeting.cameraOff}
            icon={cameraOn ? 'camera' : 'cameraOff'}
            isOn={cameraOn}
            hasFailed={camera.failure !== undefined}
            onClick={() => setCameraOn(!cameraOn)}
          />
        </div>
      </div>
      <div role="status" className="prejoin-failures">
        {failures.map((line) => (
          <p key={line}>{line}</p>
        ))}
        {failures.length > 0 && <p>{texts.prejoin.withoutDevices}</p>}
      </div>
      <div className="prejoin-devices">
        {kinds.map((kind) => {
          const ofKind = devices.filter((device) => device.kind === kind && device.deviceId !== '');
          return (
            <label key={kind}>
              {labels[kind]}
              <select
                className="field"
                // There from the start: a dialog that grows moves its buttons from under the finger.
                disabled={ofKind.length === 0}
                value={chosen[kind] ?? ofKind[0]?.deviceId}
                onChange={(event) => setChosen({ ...chosen, [kind]: event.target.value })}
              >
                {ofKind.length === 0 && <option>{texts.meeting.defaultDevice}</option>}
                {ofKind.map((device) => (
                  <option key={device.deviceId} value={device.deviceId}>
                    {device.label || texts.meeting.defaultDevice}
                  </option>
                ))}
              </select>
            </label>
          );
        })}
      </div>
      {isBackgroundSupported() && (
        <div className="prejoin-devices">
          <label>
            {texts.effects.background}
            <select
              className="field"
              value={effects.background}
              onChange={(event) => chooseEffects({ background: backgrounds.find((each) => each === event.target.value) ?? 'none' })}
            >
              {backgrounds
                .filter((each) => each !== 'own' || effects.ownPicture !== undefined)
                .map((each) => (
                  <option key={each} value={each}>
                    {texts.effects.backgrounds[each]}
                  </option>
                ))}
            </select>
          </label>
        </div>
      )}
      <label className="prejoin-skip">
        <input type="checkbox" checked={isSkipping} onChange={(event) => setIsSkipping(event.target.checked)} />
        {texts.prejoin.skip}
      </label>
    </Dialog>
  );
}

interface ToggleProps {
  label: string;
  icon: IconName;
  isOn: boolean;
  hasFailed: boolean;
  onClick: () => void;
}

function Toggle({ label, icon, isOn, hasFailed, onClick }: ToggleProps) {
  return (
    <button
      type="button"
      className={`prejoin-toggle ${isOn && !hasFailed ? '' : 'is-off'}`}
      aria-label={label}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} size={22} />
    </button>
  );
}

/** The picture as the others will see it; nothing until it is. Where an effect does not run, the picture as it is. */
function useBackground(stream: MediaStream | undefined, background: Background | undefined): MediaStream | undefined {
  const [shown, setShown] = useState<{ of: MediaStream; behind: Background; stream: MediaStream }>();
  useEffect(() => {
    const [track] = stream?.getVideoTracks() ?? [];
    if (!stream || !track || !background) return undefined;
    let isWanted = true;
    const show = (made: MediaStream) => isWanted && setShown({ of: stream, behind: background, stream: made });
    const effect = new BackgroundEffect({ onReport: () => {}, onLost: () => show(stream) });
    effect.start(track, background).then(
      (made) => show(new MediaStream([made])),
      () => show(stream),
    );
    return () => {
      isWanted = false;
      void effect.stop();
    };
  }, [stream, background]);
  if (!background) return stream;
  return shown?.of === stream && shown?.behind === background ? shown?.stream : undefined;
}
