import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { IconButton } from '../components/Button';
import { usePanel } from '../components/focus';
import { type Texts, useTexts } from '../i18n';
import type { MeetingRoom, Person } from './room';
import {
  chartOf,
  historyMs,
  type Moment,
  rateText,
  readServer,
  type Row,
  type ServerPath,
  shareText,
  type Shown,
  sizeText,
  StatisticsModel,
} from './statistics';
import { usePersonName } from './Tile';

const everyMs = 1000;
/** A server that tells nothing is asked less often. */
const retryMs = 10_000;

/** What is known of the media, for whoever looks for the reason of something. Gathered while it is shown. */
export function StatisticsPanel({ room, onClose }: { room: MeetingRoom; onClose: () => void }) {
  const texts = useTexts();
  const panel = usePanel(onClose);
  const shown = useStatistics(room);
  const people = useStore(room.state, (state) => state.people);
  return (
    <aside className="meeting-panel statistics" aria-label={texts.statistics.title} {...panel}>
      <header className="pane-header">
        <div className="pane-title">
          <h2>{texts.statistics.title}</h2>
        </div>
        <IconButton icon="close" label={texts.common.close} onClick={onClose} />
      </header>
      <div className="pane-scroll" role="region" aria-label={texts.statistics.figures} tabIndex={0}>
        {shown ? (
          <>
            <Connection path={shown.path} history={shown.history} />
            {shown.rows.map((row) => (
              <TrackRow key={row.sid} row={row} person={people.find(({ identity }) => identity === row.identity)} />
            ))}
          </>
        ) : (
          <p className="statistics-waiting">{texts.common.loading}</p>
        )}
      </div>
    </aside>
  );
}

function useStatistics(room: MeetingRoom): Shown | undefined {
  const [shown, setShown] = useState<Shown>();
  useEffect(() => {
    const model = new StatisticsModel();
    let isOver = false;
    let askAt = 0;
    const read = async () => {
      const asks = performance.now() >= askAt;
      const [readings, said] = await Promise.all([room.readTracks(), asks ? room.askServer() : undefined]);
      const server = readServer(said);
      const now = performance.now();
      if (asks && !server) askAt = now + retryMs;
      if (isOver) return;
      setShown(model.add(now, readings, server));
    };
    let timer = 0;
    const again = () => {
      void read().finally(() => {
        if (!isOver) timer = window.setTimeout(again, everyMs);
      });
    };
    again();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [room]);
  return shown;
}

function Connection({ path, history }: { path: ServerPath | undefined; history: Moment[] }) {
  const { statistics: texts } = useTexts();
  const limitedBy = path && texts.pathLimits[path.limitedBy];
  return (
    <section className="statistics-part" aria-label={texts.connection}>
      <h3>{texts.connection}</h3>
      <HistoryChart history={history} />
      {path ? (
        <dl>
          <Figure name="estimate" label={texts.estimate}>
            {rateText(path.estimate)}
          </Figure>
          <Figure name="limited-by" label={texts.limitation}>
            {limitedBy ?? '–'}
          </Figure>
          <Figure name="wanted-rate" label={texts.wanted}>
            {rateText(path.wanted)}
          </Figure>
          <Figure name="allocated-rate" label={texts.allocated}>
            {rateText(path.allocated)}
          </Figure>
          <Figure name="path-loss" label={texts.loss}>
            {shareText(path.loss)}
          </Figure>
          <Figure name="path-round-trip" label={texts.roundTrip}>{`${Math.round(path.roundTripMs)} ms`}</Figure>
          <Figure name="queue" label={texts.queue}>{`${Math.round(path.queueMs)} ms`}</Figure>
        </dl>
      ) : (
        <p className="statistics-note">{texts.noServer}</p>
      )}
    </section>
  );
}

const chartWidth = 300;
const chartHeight = 88;

function HistoryChart({ history }: { history: Moment[] }) {
  const { statistics: texts } = useTexts();
  const last = history.at(-1);
  const chart = chartOf(history, last?.at ?? 0, chartWidth, chartHeight);
  const summary = texts.chart(
    rateText(last?.received ?? 0),
    last?.estimate === undefined ? undefined : rateText(last.estimate),
    chart.freezes.length,
  );
  return (
    <figure className="statistics-chart">
      <svg viewBox={`0 0 ${chartWidth} ${chartHeight}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <line className="chart-grid" x1={0} x2={chartWidth} y1={chartHeight / 2} y2={chartHeight / 2} />
        {chart.freezes.map((x) => (
          <line key={x} className="chart-freeze" x1={x} x2={x} y1={0} y2={chartHeight} />
        ))}
        {chart.estimate.map((points) => (
          <polyline key={points.slice(0, 12)} className="chart-estimate" points={points} />
        ))}
        <polyline className="chart-received" points={chart.received} />
      </svg>
      <span className="chart-top" aria-hidden="true">
        {rateText(chart.top)}
      </span>
      <figcaption aria-hidden="true">
        <span className="legend-received">{texts.received}</span>
        <span className="legend-estimate">{texts.estimate}</span>
        <span className="legend-freeze">{texts.freezes}</span>
        <span className="legend-span">{texts.lastSeconds(historyMs / 1000)}</span>
      </figcaption>
    </figure>
  );
}

function TrackRow({ row, person }: { row: Row; person: Person | undefined }) {
  const texts = useTexts();
  const nameOf = usePersonName();
  const name = person ? nameOf(person) : row.identity;
  const { figures, server } = row;
  const title = `${row.isLocal ? `${name} (${texts.common.you})` : name}: ${sourceText(row, texts)}`;
  const isVideo = figures.kind === 'video';
  const size = sizeText(figures);
  const t = texts.statistics;
  return (
    <section
      className="statistics-part"
      aria-label={title}
      data-identity={row.identity}
      data-source={row.source}
      data-limit={server?.limit}
    >
      <h3>{title}</h3>
      {server && <p className="statistics-why">{t.why(server)}</p>}
      <dl>
        {isVideo && (
          <Figure name="size" label={figures.direction === 'sent' ? t.sentSize : t.size}>
            {size ?? '–'}
          </Figure>
        )}
        {isVideo && (
          <Figure name="frames" label={t.framesPerSecond}>
            {Math.round(figures.framesPerSecond ?? 0)}
          </Figure>
        )}
        <Figure name="codec" label={t.codec}>
          {figures.codec ?? '–'}
        </Figure>
        <Figure name="rate" label={t.rate}>
          {rateText(figures.bitsPerSecond)}
        </Figure>
        <Figure name="loss" label={t.loss}>
          {shareText(figures.loss)}
        </Figure>
        {figures.jitterSeconds !== undefined && (
          <Figure name="jitter" label={t.jitter}>{`${Math.round(figures.jitterSeconds * 1000)} ms`}</Figure>
        )}
        {figures.roundTripSeconds !== undefined && (
          <Figure name="round-trip" label={t.roundTrip}>{`${Math.round(figures.roundTripSeconds * 1000)} ms`}</Figure>
        )}
        {isVideo && figures.direction === 'received' && (
          <Figure name="freezes" label={t.freezes}>
            {`${figures.freezes} (${figures.frozenSeconds.toFixed(1)} s)`}
          </Figure>
        )}
        {!isVideo && figures.direction === 'received' && (
          <Figure name="concealed" label={t.concealed}>
            {shareText(figures.concealed)}
          </Figure>
        )}
        {figures.limitation && (
          <Figure name="limitation" label={t.limitation}>
            {t.limitations[figures.limitation] ?? figures.limitation}
          </Figure>
        )}
        {isVideo && server && (
          <>
            <Figure name="wanted" label={t.wanted}>
              {layerText(server.wanted)}
            </Figure>
            <Figure name="allocated" label={t.allocated}>
              {layerText(server.allocated)}
            </Figure>
            <Figure name="sent" label={t.sent}>
              {layerText(server.sent)}
            </Figure>
          </>
        )}
      </dl>
    </section>
  );
}

function layerText(layer: Parameters<typeof sizeText>[0]): string {
  return sizeText(layer) ?? '–';
}

function sourceText({ source }: Row, texts: Texts): string {
  switch (source) {
    case 'camera':
      return texts.meeting.camera;
    case 'microphone':
      return texts.meeting.microphone;
    case 'screen':
      return texts.statistics.screen;
    default:
      return texts.statistics.otherTrack;
  }
}

function Figure({ name, label, children }: { name: string; label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-figure={name}>{children}</dd>
    </div>
  );
}
