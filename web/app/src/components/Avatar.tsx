/** Initials on a colour that stays the same for the same id. */
export function Avatar({ id, name, size = 32 }: { id: bigint; name: string; size?: number }) {
  const hue = Number((id * 137n + 200n) % 360n);
  return (
    <span
      className="avatar"
      aria-hidden="true"
      style={{
        width: size,
        height: size,
        fontSize: Math.round(size * 0.42),
        backgroundColor: `hsl(${hue} 42% 36%)`,
      }}
    >
      {initials(name)}
    </span>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? '?')][0] ?? '?';
  const second = words.length > 1 ? ([...words.at(-1)!][0] ?? '') : '';
  return (first + second).toUpperCase();
}
