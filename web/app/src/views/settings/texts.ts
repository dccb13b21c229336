import { useContext } from 'react';
import { LocaleContext } from '../../i18n';
import type { Language } from '../../state/storage';

/** Loaded with the page of settings only. */
const en = {
  title: 'Settings',
  profile: 'Profile',
  name: 'Name',
  intro: 'About you',
  introHint: 'Others can see it.',
  nameMissing: 'A name is needed, so that others can find you.',
  saved: 'Saved.',
  appearance: 'Appearance',
  colours: 'Colours',
  textSize: 'Text size',
  textSizes: { small: 'Small', normal: 'Normal', large: 'Large', largest: 'Largest' },
  sound: 'Sound and video',
  testMicrophone: 'Test microphone',
  stopMicrophone: 'End microphone test',
  level: 'Microphone level',
  speakNow: 'Say something: the bar moves when the microphone hears you.',
  testCamera: 'Show camera',
  stopCamera: 'Hide camera',
  testSpeaker: 'Play a sound',
  playing: 'Playing. If you hear nothing, choose another speaker or turn up the volume.',
  notPlayed: 'The sound could not be played. Choose another speaker and try again.',
  meetings: 'Meetings and notifications',
  shortcuts: 'Keyboard shortcuts',
  inMessages: 'In messages',
  inMeetings: 'In meetings',
  keys: {
    send: 'Send the message',
    line: 'New line',
    mention: 'Mention somebody',
    rows: 'Go through the messages',
    leaveRow: 'From a message back to writing',
    closePanel: 'Close a panel, menu or question',
    microphone: 'Microphone on or off',
    camera: 'Camera on or off',
    statistics: 'Statistics',
    talk: 'Speak while it is held',
  },
  space: 'Space',
  arrows: 'Up, Down, Home, End',
  devices: 'Signed in on',
  thisDevice: 'this one',
  deviceTypes: ['Desktop app', 'Browser', 'iPhone or iPad', 'Android', 'Other', 'Unknown device'],
  devicesFailed: 'Which devices are signed in could not be found out.',
};

export type SettingsTexts = typeof en;

const zh: SettingsTexts = {
  title: '设置',
  profile: '个人资料',
  name: '名字',
  intro: '个人简介',
  introHint: '其他人可以看到。',
  nameMissing: '需要填写名字，这样别人才能找到你。',
  saved: '已保存。',
  appearance: '外观',
  colours: '颜色',
  textSize: '文字大小',
  textSizes: { small: '小', normal: '标准', large: '大', largest: '最大' },
  sound: '声音和视频',
  testMicrophone: '测试麦克风',
  stopMicrophone: '结束麦克风测试',
  level: '麦克风音量',
  speakNow: '请说话：麦克风听到声音时，指示条会移动。',
  testCamera: '显示摄像头画面',
  stopCamera: '隐藏摄像头画面',
  testSpeaker: '播放测试音',
  playing: '正在播放。如果听不到，请选择其他扬声器或调高音量。',
  notPlayed: '无法播放测试音。请选择其他扬声器后重试。',
  meetings: '会议和通知',
  shortcuts: '键盘快捷键',
  inMessages: '消息',
  inMeetings: '会议',
  keys: {
    send: '发送消息',
    line: '换行',
    mention: '提及某人',
    rows: '浏览消息',
    leaveRow: '从消息返回输入框',
    closePanel: '关闭面板、菜单或对话框',
    microphone: '开关麦克风',
    camera: '开关摄像头',
    statistics: '统计信息',
    talk: '按住说话',
  },
  space: '空格',
  arrows: '上、下、Home、End',
  devices: '已登录的设备',
  thisDevice: '本设备',
  deviceTypes: ['桌面应用', '浏览器', 'iPhone 或 iPad', 'Android', '其他', '未知设备'],
  devicesFailed: '无法查询已登录的设备。',
};

const both: Record<Language, SettingsTexts> = { en, zh };

export function useSettingsTexts(): SettingsTexts {
  return both[useContext(LocaleContext).language];
}
