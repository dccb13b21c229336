/** Shows the last messages of a group and those that come, and sends what is written. */
export async function startChat(client, groupId) {
  const list = document.querySelector('#messages');
  const names = new Map();
  const shown = new Set();
  const show = (message) => {
    if (message.groupId !== groupId || message.system || shown.has(message.id)) return;
    shown.add(message.id);
    const item = document.createElement('li');
    item.textContent = `${names.get(message.senderId) ?? message.senderId}: ${message.text}`;
    list.append(item);
  };

  // Also what came while there was no connection arrives as this event, each message once.
  client.on('message', ({ message }) => show(message));
  const members = await client.groups.members(groupId);
  for (const { id, name } of await client.users.profiles(members.map(({ userId }) => userId))) names.set(id, name);
  for (const message of await client.messages.history({ groupId, limit: 50, from: 'newest' })) show(message);

  document.querySelector('#write').addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get('text');
    event.target.reset();
    const { id, sentAt } = await client.messages.send({ groupId }, text);
    show({ id, groupId, senderId: client.userId, sentAt, text });
  });
}
