// Our .proto files against the descriptors that LiveKit's own clients are built from.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSet, ScalarType } from '@bufbuild/protobuf';
import * as livekit from '@livekit/protocol';

const protos = new URL('../../../proto', import.meta.url).pathname;

// Messages of which we need not know every field: API calls and the rooms' settings carry much that belongs to other
// products (ingress, agents), and what is not declared is ignored as upstream ignores unknown fields. Of egress, the keys of
// storage are left out on purpose: what is not read cannot be told again.
const partly =
  /(Request|Response|RoomConfiguration|WebhookEvent|WebhookConfig|Upload|Output|EncodingOptions|EgressInfo)$/;
const signalling = ['SignalRequest', 'SignalResponse', 'WrappedJoinRequest', 'JoinRequest'];

/** message or enum name → { member: 'number type' } as protoc reads our files. */
function ours() {
  const folder = mkdtempSync(join(tmpdir(), 'turms-protocol-'));
  try {
    const out = join(folder, 'descriptors');
    const files = readdirSync(join(protos, 'livekit')).map((name) => join(protos, 'livekit', name));
    execFileSync('protoc', ['-I', protos, `--descriptor_set_out=${out}`, ...files]);
    return describe(FileDescriptorSet.fromBinary(readFileSync(out)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function describe(set) {
  const messages = new Map();
  const enums = new Map();
  const addEnum = (prefix, type) =>
    enums.set(prefix + type.name, Object.fromEntries(type.value.map((value) => [value.name, value.number])));
  const addMessage = (prefix, type) => {
    const name = prefix + type.name;
    const maps = new Map(type.nestedType.filter((t) => t.options?.mapEntry).map((t) => [`.${name}.${t.name}`, t]));
    messages.set(
      name,
      Object.fromEntries(type.field.map((field) => [field.name, `${field.number} ${typeOf(field, type, maps)}`])),
    );
    for (const nested of type.nestedType) if (!nested.options?.mapEntry) addMessage(`${name}.`, nested);
    for (const nested of type.enumType) addEnum(`${name}.`, nested);
  };
  for (const file of set.file) {
    for (const type of file.messageType) addMessage(`${file.package}.`, type);
    for (const type of file.enumType) addEnum(`${file.package}.`, type);
  }
  return { messages, enums };
}

function typeOf(field, message, maps) {
  const plain = (f) => (f.typeName ? f.typeName.slice(1) : FieldDescriptorProto_Type[f.type].toLowerCase());
  const entry = maps.get(field.typeName);
  if (entry) return `map ${plain(entry.field[0])} ${plain(entry.field[1])}`;
  if (field.label === FieldDescriptorProto_Label.REPEATED) return `repeated ${plain(field)}`;
  if (field.proto3Optional) return `optional ${plain(field)}`;
  if (field.oneofIndex !== undefined) return `${plain(field)} in ${message.oneofDecl[field.oneofIndex].name}`;
  return plain(field);
}

/** The same of a type of @livekit/protocol. */
function theirs(type) {
  const scalar = (t) => ScalarType[t].toLowerCase();
  return Object.fromEntries(
    type.fields.list().map((field) => {
      let name;
      if (field.kind === 'map') {
        name = `map ${scalar(field.K)} ${field.V.kind === 'scalar' ? scalar(field.V.T) : field.V.T.typeName}`;
      } else {
        name = field.kind === 'scalar' ? scalar(field.T) : field.T.typeName;
        if (field.repeated) name = `repeated ${name}`;
        else if (field.opt) name = `optional ${name}`;
        else if (field.oneof) name += ` in ${field.oneof.name}`;
      }
      return [field.name, `${field.no} ${name}`];
    }),
  );
}

/** Types of @livekit/protocol by full name, also those that only fields lead to. */
function everything() {
  const messages = new Map();
  const enums = new Map();
  const visit = (type) => {
    if (messages.has(type.typeName)) return;
    messages.set(type.typeName, type);
    for (const field of type.fields.list()) {
      const value = field.kind === 'map' ? field.V : field;
      if (value.kind === 'message') visit(value.T);
      if (value.kind === 'enum') enums.set(value.T.typeName, value.T);
    }
  };
  for (const value of Object.values(livekit)) if (value?.typeName && value.fields) visit(value);
  return { messages, enums };
}

/** What the signalling connection can carry. */
function reachable(messages) {
  const found = new Set();
  const visit = (type) => {
    if (found.has(type.typeName)) return;
    found.add(type.typeName);
    for (const field of type.fields.list()) {
      const value = field.kind === 'map' ? field.V : field;
      if (value.kind === 'message') visit(value.T);
    }
  };
  for (const name of signalling) visit(messages.get(`livekit.${name}`));
  return found;
}

export async function run(test) {
  await test('every message and number of ours is the protocol’s', () => {
    const own = ours();
    const upstream = everything();
    for (const [name, fields] of own.messages) {
      const type = upstream.messages.get(name);
      assert.ok(type, `${name} is in the protocol`);
      const known = theirs(type);
      for (const [field, what] of Object.entries(fields)) {
        assert.equal(what, known[field], `${name}.${field}`);
      }
    }
    for (const [name, values] of own.enums) {
      const type = upstream.enums.get(name);
      if (!type) continue; // of a message that the package does not contain, which is caught above
      assert.deepEqual(values, Object.fromEntries(type.values.map((value) => [value.name, value.no])), name);
    }
  });

  await test('nothing that signalling carries is missing', () => {
    const own = ours();
    const upstream = everything();
    const carried = reachable(upstream.messages);
    for (const name of carried) {
      assert.deepEqual(own.messages.get(name), theirs(upstream.messages.get(name)), name);
    }
    // Other messages may be cut short only where that is meant.
    for (const [name, fields] of own.messages) {
      if (carried.has(name) || partly.test(name)) continue;
      assert.deepEqual(fields, theirs(upstream.messages.get(name)), name);
    }
  });
}
