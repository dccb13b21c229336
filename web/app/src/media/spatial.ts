/** Where a voice comes from: right, up and to the front, in metres from the listener, as a PannerNode takes them. */
export interface Place {
  x: number;
  y: number;
  z: number;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const ahead: Place = { x: 0, y: 0, z: -1 };

/** At the edges of the screen: more than one sees, so that two neighbours can be told apart. */
const widestAngle = (55 * Math.PI) / 180;
const highestAngle = (20 * Math.PI) / 180;

/** From where the picture is on a stage of this size. Everybody is equally far away: nobody is quieter than others. */
export function placeOf(box: Box, stageWidth: number, stageHeight: number): Place {
  if (stageWidth <= 0 || stageHeight <= 0) return ahead;
  const across = ((box.x + box.width / 2) / stageWidth) * 2 - 1;
  const up = 1 - ((box.y + box.height / 2) / stageHeight) * 2;
  const [azimuth, elevation] = [across * widestAngle, up * highestAngle];
  return {
    x: Math.sin(azimuth) * Math.cos(elevation),
    y: Math.sin(elevation),
    z: -Math.cos(azimuth) * Math.cos(elevation),
  };
}
