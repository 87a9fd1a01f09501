import { Resvg } from "@resvg/resvg-js";

/** Twice as large as the picture says, for sharp text. Letters are those of the system's fonts. */
export function pngOf(svg: string): Buffer {
  return new Resvg(svg, { fitTo: { mode: "zoom", value: 2 }, font: { defaultFontFamily: "DejaVu Sans" } })
    .render()
    .asPng();
}
