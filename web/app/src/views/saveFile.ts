/** The page stays: the server has files saved, and so has the browser what is of this origin. */
export function saveFile(url: string, name: string): void {
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
}
