// Tells turms who our users are, and which of them belong together, over its admin API.

export class People {
  constructor(url, token) {
    this.url = url;
    this.headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  }

  async ask(method, path, body) {
    const response = await fetch(this.url + path, { method, headers: this.headers, ...(body && { body: JSON.stringify(body) }) });
    const { code, reason, data } = parse(await response.text());
    if (response.ok) return data;
    throw Object.assign(new Error(`${method} ${path}: ${code} ${reason ?? ''}`), { status: response.status });
  }

  /** Their name is shown in chats and meetings. The password is needed and never used: tokens sign in. */
  async add({ id, name }) {
    try {
      await this.ask('POST', '/users', { id: String(id), name, password: crypto.randomUUID() });
    } catch (error) {
      if (error.status !== 409) throw error; // there already
      await this.ask('PUT', `/users?ids=${id}`, { name });
    }
  }

  /** The group of this name that the owner has; made when there is none. Returns its id, as a text: it has 63 bits. */
  async group(name, owner, members) {
    const mine = await this.ask('GET', `/groups?ownerIds=${owner}&isActive=true&size=1000`);
    const known = mine.find((group) => group.name === name);
    if (known) return known.id;
    const made = await this.ask('POST', '/groups', { name, ownerId: String(owner), memberIds: members.map(String) });
    return made.id;
  }

  addMember(groupId, userId) {
    return this.ask('POST', '/groups/members', { groupId, userIds: [String(userId)], role: 'MEMBER' });
  }
}

/** As JSON, with ids as texts: they have up to 63 bits, and a number of JavaScript holds 53. */
function parse(text) {
  return JSON.parse(text.replace(/("\w*[iI]d":)(\d+)(?=[,}])/g, '$1"$2"'));
}
