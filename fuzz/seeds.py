"""Makes the seeds of the fuzz targets: small files of every format, of tones alone, so that nobody's music is in them.

Run in this folder: python3 seeds.py CROONER, where CROONER is the built command line. Needs ffmpeg (made with 5.1.9).
"""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
DATASETS = HERE.parent / "datasets"
SEEDS = HERE / "seeds"

# name: (arguments of ffmpeg, seconds)
AUDIO = {
    "u8.wav": ("-ar 8000 -c:a pcm_u8", 0.05),
    "s16.wav": ("-ar 8000 -ac 2 -c:a pcm_s16le", 0.02),
    "s24.wav": ("-ar 8000 -c:a pcm_s24le", 0.02),
    "f32.wav": ("-ar 8000 -c:a pcm_f32le", 0.02),
    "f64.wav": ("-ar 8000 -c:a pcm_f64le", 0.02),
    "mulaw.wav": ("-ar 8000 -c:a pcm_mulaw", 0.05),
    "ima.wav": ("-ar 8000 -c:a adpcm_ima_wav", 0.1),
    "ms.wav": ("-ar 8000 -c:a adpcm_ms", 0.1),
    "rf64.wav": ("-ar 8000 -c:a pcm_s16le -rf64 always", 0.02),
    "s16.aiff": ("-ar 8000 -c:a pcm_s16be", 0.02),
    "s16.au": ("-ar 8000 -c:a pcm_s16be", 0.02),
    "mulaw.au": ("-ar 8000 -c:a pcm_mulaw", 0.05),
    "f32.au": ("-ar 8000 -ac 2 -c:a pcm_f32be", 0.02),
    "s16.flac": ("-ar 8000 -ac 2 -c:a flac", 0.1),
    "s24.flac": ("-ar 8000 -c:a flac -sample_fmt s32", 0.1),
    "cbr.mp3": ("-ar 8000 -c:a libmp3lame -b:a 8k", 0.3),
    "stereo.mp3": ("-ar 44100 -ac 2 -c:a libmp3lame -q:a 9", 0.1),
    "adts.aac": ("-ar 8000 -c:a aac -b:a 8k", 0.3),
    "aac.m4a": ("-ar 8000 -c:a aac -b:a 8k", 0.3),
    "alac.m4a": ("-ar 8000 -c:a alac", 0.1),
    "vorbis.ogg": ("-ar 8000 -c:a libvorbis -q:a 0", 0.2),
    "flac.oga": ("-ar 8000 -c:a flac", 0.1),
    "opus.opus": ("-ar 48000 -c:a libopus -b:a 6k", 0.2),
}


def ffmpeg(target, arguments, seconds):
    source = f"aevalsrc=0.5*sin(2*PI*t*(300+900*t)):d={seconds}"
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", "-i", source, *arguments.split(),
               "-fflags", "+bitexact", "-flags:a", "+bitexact", str(target)]
    subprocess.run(command, check=True)


def numbered(folder, files):
    """Seeds of the targets whose first byte says which kind of file follows."""
    for number, path in files:
        (SEEDS / folder / f"{number}-{path.name}").write_bytes(bytes([number]) + path.read_bytes())


def songs():
    """The table of the Million Song Dataset's track_metadata.db in small pages: some of rows, one that holds others, and
    those of a row that is longer than a page."""
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE songs (track_id text PRIMARY KEY, title text, song_id text, release text, artist_id "
                       "text, artist_mbid text, artist_name text, duration real, year int, shs_work int)")
    for track, release in [("TRAAAAW128F429D538", "Fear Itself"), ("TRBCDEF128F425D3A6", "Antmusic " * 120)]:
        connection.execute("INSERT INTO songs VALUES (?, 'Title', 'SO', ?, 'AR', '', 'Artist', 218.9, 1982, -7)",
                           (track, release))
    connection.commit()
    return connection.serialize()


def main():
    crooner = pathlib.Path(sys.argv[1]).resolve()
    for folder in ["audio", "tags", "tables", "lists", "store", "split"]:
        shutil.rmtree(SEEDS / folder, ignore_errors=True)
        (SEEDS / folder).mkdir(parents=True)
    for name, (arguments, seconds) in AUDIO.items():
        ffmpeg(SEEDS / "audio" / name, arguments, seconds)

    tags = DATASETS / "tags/miniature"
    audio = SEEDS / "audio"
    numbered("tags", [(0, tags / "a.mp3"), (0, tags / "deep/er/c.mp3"), (1, tags / "d.flac"), (5, tags / "e.wav"),
                      (2, audio / "vorbis.ogg"), (3, audio / "opus.opus"), (4, audio / "aac.m4a"),
                      (6, audio / "s16.aiff"), (7, audio / "adts.aac")])
    table = DATASETS / "table/miniature"
    numbered("tables", list(enumerate(table / f"table.{end}" for end in ["csv", "tsv", "parquet", "jsonl"])))
    numbered("lists", list(enumerate(DATASETS / path for path in [
        "fma/miniature/fma_metadata/tracks.csv", "voxceleb1/miniature/vox1_meta.csv",
        "voxceleb1/miniature/iden_split.txt", "voxceleb2/miniature/vox2_meta.csv",
        "librispeech/miniature/LibriSpeech/SPEAKERS.TXT"])))
    (SEEDS / "lists/5-sums").write_bytes(bytes([5]) + b"d41d8cd98f00b204e9800998ecf8427e  mp3s-32k/low/a.mp3\n")
    (SEEDS / "lists/6-trials").write_bytes(
        bytes([6]) + b"1 id10001/1zcIwhmdeo4/00001.wav id10002/1zcIwhmdeo4/00001.wav\n")
    (SEEDS / "lists/7-track_metadata.db").write_bytes(bytes([7]) + songs())

    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for artist in ["a", "b"]:
            for album in ["x", "y", "z"]:
                (scratch / "music" / artist / album).mkdir(parents=True)
                ffmpeg(scratch / "music" / artist / album / "1.wav", "-ar 8000 -c:a pcm_u8", 0.05)
        (scratch / "music/a/x/2.wav").write_bytes(b"no audio")
        config = scratch / "small.toml"
        config.write_text("[features.log-mel]\nn_mels = 4\nhop_length = 256\nn_fft = 512\nsample_rate = 8000\n")
        run = lambda *arguments: subprocess.run([crooner, *arguments], cwd=scratch, check=True)
        run("prepare-data", "--data", "music", "--config", "small.toml", "--store", "store")
        for number, path in enumerate(sorted(scratch.glob("store/*/*.arrow"))[:3]):
            shutil.copy(path, SEEDS / "store" / f"shard-{number}")
        for path in scratch.glob("store/*/*.parquet"):
            shutil.copy(path, SEEDS / "store/index")
        for path in sorted(scratch.glob("store/audio-hashes/*"))[:1]:
            text = path.read_text()
            music = json.loads(text.splitlines()[0])["folder"]
            # The file and the folder of the target.
            (SEEDS / "store/journal").write_text(text.replace(music, "@").replace("1.wav", "one.wav"))
        for kind in ["song", "album"]:
            extra = ["--drop-small"] if kind == "song" else []
            done = subprocess.run([crooner, "split", "--data", "music", "--split", kind, *extra, "-o", kind], cwd=scratch)
            if done.returncode == 0:
                shutil.copy(scratch / kind / "split.json", SEEDS / "split" / f"{kind}.json")
    (SEEDS / "split/album.toml").write_text(
        'version = 1\nseed = 0\nconfig = { kind = "album" }\ntracks = [\n'
        + "".join(f'  {{ id = "a/{n}/x", artist = "a", album = "{n}", side = "{side}" }},\n'
                  for n, side in enumerate(["train", "validation", "test"]))
        + "]\n")


if __name__ == "__main__":
    main()
