import { drawTopology, Picture, Topology } from "../../constructs/topology";
import { Status } from "../status";
import { Change, changesBetween } from "./change";
import { Mark, marksOf } from "./mark";
import { modelOf, remembered, ViewModel } from "./model";

/** How long a change stays on the page, and how many stay at most. */
const MINUTES = 15;
const MOST = 200;

/** A change, and when it was seen. */
export interface SeenChange extends Change {
  /** ISO 8601, UTC */
  readonly time: string;
  /** One higher for each. */
  readonly number: number;
}

/** What the page is sent after each look. */
export interface PageState extends ViewModel {
  /** When the last look ended. */
  readonly time: string;
  /** One higher for each new picture. */
  readonly drawn: number;
  readonly marks: Readonly<Record<string, Mark>>;
  /** The newest is the first. */
  readonly changes: readonly SeenChange[];
}

/** Makes the state of the page out of looks at a deployment, one after the other. */
export class PageStates {
  private picture?: Picture;
  private topology = "";
  private drawn = 0;
  private known?: ViewModel;
  private last?: PageState;
  private changes: readonly SeenChange[] = [];
  private count = 0;

  /** The picture of the last look. */
  get svg(): string {
    return this.picture?.svg ?? "";
  }

  next(topology: Topology, status: Status, time: Date): PageState {
    const picture = this.pictureOf(topology);
    const model = modelOf(topology, status);
    this.note(this.known === undefined ? [] : changesBetween(this.known, remembered(this.known, model)), time);
    this.known = this.known === undefined ? model : remembered(this.known, model);
    this.last = {
      ...model,
      time: time.toISOString(),
      drawn: this.drawn,
      marks: marksOf(topology, picture, model),
      changes: this.changes,
    };
    return this.last;
  }

  /** A look that failed as a whole: the page keeps what it shows. @returns undefined if there was none before */
  failed(problem: string): PageState | undefined {
    return this.last && { ...this.last, problems: [problem] };
  }

  /** Drawn anew only if the topology is another, since the reader may have scrolled. */
  private pictureOf(topology: Topology): Picture {
    const text = JSON.stringify(topology);
    if (this.picture !== undefined && this.topology === text) return this.picture;
    this.topology = text;
    this.drawn++;
    this.picture = drawTopology(topology, { live: true });
    return this.picture;
  }

  private note(changes: readonly Change[], time: Date): void {
    const seen = changes.map((change) => ({ ...change, time: time.toISOString(), number: ++this.count }));
    const oldest = time.getTime() - MINUTES * 60_000;
    this.changes = [...seen.reverse(), ...this.changes]
      .filter((change) => Date.parse(change.time) >= oldest)
      .slice(0, MOST);
  }
}
