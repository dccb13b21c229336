import { useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../components/Button';
import { Dialog } from '../components/Dialog';
import { useBottomBar } from '../components/focus';
import { Icon, type IconName } from '../components/Icon';
import { useMedia } from '../components/media';
import { Menu, type MenuItem, type MenuSection } from '../components/Menu';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { app } from '../state/page';
import { chooseReceiving, switchDevice, usePreferences } from '../state/preferences';
import { groupKey } from '../state/conversationKey';
import { navigate } from '../state/route';
import { type CurrentMeeting, useApp } from '../state/store';
import { DeviceMenu } from './DeviceMenu';
import { useBackgroundMenu, useFacingMenu, useSavingMenu, useScreenMenu, useSoundMenu } from './effectMenus';
import { useMeetingNotices } from './meetingNotices';
import type { SidePanel } from './MeetingView';
import type { DeviceName, MeetingRoom } from './room';
import { shortcutKeys, useShortcuts } from './shortcuts';

interface ControlsProps {
  meeting: CurrentMeeting;
  room: MeetingRoom;
  panel: SidePanel;
  onPanel: (panel: SidePanel) => void;
}

const allKinds: MediaDeviceKind[] = ['audioinput', 'audiooutput', 'videoinput'];

export function Controls({ meeting, room, panel, onPanel }: ControlsProps) {
  const { common, meeting: texts, statistics: statisticsTexts } = useTexts();
  const people = useStore(room.state, (state) => state.people.length);
  const unread = useApp((state) => state.conversations.get(groupKey(meeting.groupId))?.unread ?? 0);
  const canShareScreen = 'getDisplayMedia' in (navigator.mediaDevices ?? {});
  // As many buttons as fit beside each other on a phone held upright; the others are in a menu.
  const isNarrow = useMedia('(width < 520px)');
  const [isAskingEnd, setIsAskingEnd] = useState(false);
  const endings = useEndings(meeting, () => setIsAskingEnd(true));
  const receiving = useReceiving(room);
  const background = useBackgroundMenu();
  const sound = useSoundMenu();
  const facing = useFacingMenu();
  const saving = useSavingMenu();
  const screen = useScreenMenu();
  const bar = useBottomBar<HTMLElement>();
  const toggle = (name: 'microphone' | 'camera') => {
    const { on, busy, allowed } = room.state.getState().devices[name];
    // A shortcut is not disabled as the button is, and what it does not do must not be remembered.
    if (busy || (!allowed && !on)) return;
    switchDevice(room, name, !on);
  };
  const toggleStatistics = () => onPanel('statistics');
  useShortcuts({ d: () => toggle('microphone'), e: () => toggle('camera'), i: toggleStatistics });
  const statistics: MenuItem = {
    key: 'statistics',
    label: statisticsTexts.menu(shortcutKeys('I')),
    checked: panel === 'statistics',
    isAlone: true,
    onSelect: toggleStatistics,
  };
  const isRaised = useStore(room.state, ({ people: all }) => all[0]?.handRaisedAt !== undefined);
  const hand: MenuItem = {
    key: 'hand',
    label: texts.raiseHand,
    checked: isRaised,
    isAlone: true,
    onSelect: () => room.raiseHand(!isRaised),
  };
  const more = [{ key: 'hand', items: [hand] }, ...(canShareScreen ? screen : []), ...saving, { key: 'more', items: [statistics] }];

  return (
    <footer className="controls-frame" ref={bar}>
      <DeviceFailures room={room} />
      <div className="controls" role="toolbar" aria-label={texts.controls}>
        <div className="control-group">
          <DeviceToggle room={room} name="microphone" shortcut="D" onToggle={() => toggle('microphone')} />
          {!isNarrow && (
            <DeviceMenu
              room={room}
              kinds={['audioinput', 'audiooutput']}
              label={`${texts.microphone}: ${texts.devices}`}
              more={sound}
            />
          )}
        </div>
        <div className="control-group">
          <DeviceToggle room={room} name="camera" shortcut="E" onToggle={() => toggle('camera')} />
          {!isNarrow && (
            <DeviceMenu room={room} kinds={['videoinput']} label={`${texts.camera}: ${texts.devices}`} more={[...facing, ...background, ...receiving]} />
          )}
        </div>
        {canShareScreen && <ScreenToggle room={room} />}
        <PanelToggle icon="people" label={texts.people} count={people} isOpen={panel === 'people'} onClick={() => onPanel('people')} />
        <PanelToggle
          icon="chat"
          label={texts.chat}
          count={panel === 'chat' ? 0 : unread}
          isOpen={panel === 'chat'}
          onClick={() => onPanel('chat')}
        />
        {!isNarrow && (
          <Menu label={common.more} className="control" sections={more}>
            <Icon name="more" size={22} />
          </Menu>
        )}
        {isNarrow && (
          <DeviceMenu
            room={room}
            kinds={allKinds}
            label={common.more}
            className="control"
            icon="more"
            iconSize={22}
            more={[...facing, ...background, ...sound, ...receiving, ...more, ...(endings.length > 0 ? [{ key: 'end', items: endings }] : [])]}
          />
        )}
        <Leave meeting={meeting} endings={isNarrow ? [] : endings} />
      </div>
      {isAskingEnd && (
        <Dialog
          title={texts.confirmEnd}
          confirm={texts.endForAll}
          danger
          onConfirm={() => {
            setIsAskingEnd(false);
            void app.meetings.endForAll();
          }}
          onClose={() => setIsAskingEnd(false)}
        />
      )}
    </footer>
  );
}

interface DeviceToggleProps {
  room: MeetingRoom;
  name: 'microphone' | 'camera';
  shortcut: string;
  onToggle: () => void;
}

function DeviceToggle({ room, name, shortcut, onToggle }: DeviceToggleProps) {
  const { meeting: texts } = useTexts();
  const { on, busy, allowed } = useStore(room.state, (state) => state.devices[name]);
  const label = name === 'microphone' ? (on ? texts.microphoneOn : texts.microphoneOff) : on ? texts.cameraOn : texts.cameraOff;
  const icon: IconName = name === 'microphone' ? (on ? 'microphone' : 'microphoneOff') : on ? 'camera' : 'cameraOff';
  return (
    <button
      type="button"
      className={`control ${on ? '' : 'is-off'}`}
      aria-label={label}
      aria-keyshortcuts={`Control+${shortcut}`}
      title={`${label} (${shortcutKeys(shortcut)})`}
      disabled={busy || (!allowed && !on)}
      onClick={onToggle}
    >
      <Icon name={icon} size={22} />
    </button>
  );
}

function ScreenToggle({ room }: { room: MeetingRoom }) {
  const { meeting: texts } = useTexts();
  const { on, busy, allowed } = useStore(room.state, (state) => state.devices.screen);
  const label = on ? texts.screenOn : texts.screenOff;
  return (
    <button
      type="button"
      className={`control ${on ? 'is-active' : ''}`}
      aria-label={label}
      title={label}
      disabled={busy || (!allowed && !on)}
      onClick={() => void room.setDevice('screen', !on)}
    >
      <Icon name="screen" size={22} />
    </button>
  );
}

interface PanelToggleProps {
  icon: IconName;
  label: string;
  count: number;
  isOpen: boolean;
  onClick: () => void;
}

function PanelToggle({ icon, label, count, isOpen, onClick }: PanelToggleProps) {
  return (
    <button
      type="button"
      className={`control ${isOpen ? 'is-active' : ''}`}
      aria-label={count > 0 ? `${label} (${count})` : label}
      aria-expanded={isOpen}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} size={22} />
      {count > 0 && <span className="control-count">{count}</span>}
    </button>
  );
}

/** Why a device that was asked for is not on. */
function DeviceFailures({ room }: { room: MeetingRoom }) {
  const texts = useTexts();
  const devices = useStore(room.state, (state) => state.devices);
  const notices = useMeetingNotices();
  const labels: Record<DeviceName, string> = {
    microphone: texts.meeting.microphone,
    camera: texts.meeting.camera,
    screen: texts.meeting.screenOff,
  };
  const lines = (['microphone', 'camera', 'screen'] as const).flatMap((name) => {
    const { failure } = devices[name];
    return failure ? [`${labels[name]}: ${describeError(failure, texts)}`] : [];
  });
  if (!devices.microphone.allowed) {
    lines.push(devices.camera.allowed ? texts.meeting.mutedByGroup : texts.meeting.listenOnly);
  }
  lines.push(...notices.map((notice) => texts.meetingNotices[notice]));
  return (
    <div role="status" className="device-failures">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}

/** How much of the others' video is received. */
function useReceiving(room: MeetingRoom): MenuSection[] {
  const { meeting: texts } = useTexts();
  const { receiving } = usePreferences();
  const items = (['auto', 'saver', 'audio'] as const).map((key) => ({
    key,
    label: texts.receiving[key],
    checked: receiving === key,
    onSelect: () => chooseReceiving(room, key),
  }));
  return [{ key: 'receiving', title: texts.receivingTitle, items }];
}

/** What ends the meeting for all, for whoever may do that. */
function useEndings(meeting: CurrentMeeting, onSelect: () => void): MenuItem[] {
  const { meeting: texts } = useTexts();
  const me = useApp((state) => state.me);
  // The server lets nobody else end it.
  const mayEnd = useApp((state) => state.meetings.get(meeting.id)?.creatorId === me);
  return mayEnd ? [{ key: 'end', label: texts.endForAll, icon: 'close', danger: true, onSelect }] : [];
}

function Leave({ meeting, endings }: { meeting: CurrentMeeting; endings: MenuItem[] }) {
  const { meeting: texts } = useTexts();
  const leave = () => {
    void app.meetings.leave();
    navigate({ groupId: meeting.groupId, view: 'conversation' }, { replace: true });
  };
  return (
    <div className="control-group control-group-leave">
      <Button tone="danger" className="control control-leave" aria-label={texts.leave} title={texts.leave} onClick={leave}>
        <Icon name="leave" size={24} />
      </Button>
      {endings.length > 0 && (
        <Menu
          label={texts.leaveMenu}
          className="control-more"
          sections={[
            { key: 'leave', items: [{ key: 'leave', label: texts.leave, icon: 'leave', onSelect: leave }, ...endings] },
          ]}
        >
          <Icon name="up" size={16} />
        </Menu>
      )}
    </div>
  );
}
