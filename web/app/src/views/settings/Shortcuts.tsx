import { shortcutKeys } from '../../meeting/shortcuts';
import { Part } from './Part';
import { useSettingsTexts } from './texts';

export function Shortcuts() {
  const texts = useSettingsTexts();
  const { keys } = texts;
  const lists: [string, [string, string][]][] = [
    [
      texts.inMessages,
      [
        ['Enter', keys.send],
        ['Shift+Enter', keys.line],
        ['@', keys.mention],
        [texts.arrows, keys.rows],
        ['Esc', keys.leaveRow],
        ['Esc', keys.closePanel],
      ],
    ],
    [
      texts.inMeetings,
      [
        [shortcutKeys('D'), keys.microphone],
        [shortcutKeys('E'), keys.camera],
        [shortcutKeys('I'), keys.statistics],
        [texts.space, keys.talk],
      ],
    ],
  ];
  return (
    <Part title={texts.shortcuts}>
      {lists.map(([title, list]) => (
        <table key={title} className="settings-keys">
          <caption>{title}</caption>
          <tbody>
            {list.map(([key, what]) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                <td>
                  <kbd>{key}</kbd>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </Part>
  );
}
