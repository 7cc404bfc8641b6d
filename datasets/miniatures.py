#!/usr/bin/env python3
"""Writes datasets/NAME/miniature: tiny copies of published sets, in their exact layout and with their oddities.

    pip install mutagen==1.47.0 pandas==2.3.3 pyarrow==24.0.0 tables==3.11.1 && python miniatures.py [NAME ...]

Audio files hold their own name, for catalogues never decode: except those of `tags`, which are MP3, FLAC and WAV
with tags written by mutagen.
"""

import hashlib
import pathlib
import shutil
import sqlite3
import struct
import sys

import mutagen.flac
import mutagen.id3
import mutagen.mp3
import mutagen.wave
import numpy
import pandas
import tables

HERE = pathlib.Path(__file__).parent


def fresh(name):
    root = HERE / name / "miniature"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    return root


def audio(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def artist20():
    root = fresh("artist20")
    for artist, albums in {
        "aerosmith": ["Aerosmith", "Get_Your_Wings", "Toys_in_the_Attic", "Rocks", "Draw_the_Line", "Pump"],
        "beatles": ["Please_Please_Me", "Revolver", "Sgt_Pepper_s", "The_Beatles", "Abbey_Road", "Let_It_Be"],
        # One album short, a space, an accent, and two tracks of one title.
        "cœur de pirate": ["Blonde", "Roses", "Brutal", "Impossible à aimer", "Rocks"],
    }.items():
        for album in albums:
            audio(root, f"mp3s-32k/{artist}/{album}/01-Intro.mp3", f"mp3s-32k/{artist}/{album}/02-Make_It.mp3")
    audio(root, "mp3s-32k/aerosmith/stray.mp3")
    # Three albums to train, one to validate, two to test; the list of all has one more that is not there.
    names = sorted(str(path.relative_to(root / "mp3s-32k").with_suffix("")) for path in root.glob("mp3s-32k/*/*/*.mp3"))
    albums = {}
    for name in names:
        artist, album, _ = name.split("/")
        albums.setdefault(artist, []).append(album) if album not in albums.get(artist, []) else None
    side = lambda name: "trn trn trn val tst tst".split()[albums[name.split("/")[0]].index(name.split("/")[1])]
    (root / "lists").mkdir()
    for part in ("trn", "val", "tst"):
        listed = [name for name in names if side(name) == part]
        (root / f"lists/a20-{part}-tracks.list").write_text("".join(f"{name}\n" for name in listed), encoding="utf-8")
    names.append("cœur de pirate/Roses/03-Crier tout bas")
    (root / "lists/a20-all-tracks.list").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def librispeech():
    root = fresh("librispeech") / "LibriSpeech"
    for subset, speaker, chapter in [
        ("train-clean-100", 19, 198), ("train-clean-100", 19, 227), ("train-clean-100", 26, 495),
        ("train-clean-100", 26, 496), ("dev-clean", 84, 121123), ("dev-clean", 84, 121550),
        ("test-clean", 61, 70968), ("test-clean", 61, 70970),
    ]:
        folder = f"{subset}/{speaker}/{chapter}"
        audio(root, *[f"{folder}/{speaker}-{chapter}-{k:04}.flac" for k in range(2)])
        transcript = "".join(f"{speaker}-{chapter}-{k:04} HELLO\n" for k in range(2))
        (root / folder / f"{speaker}-{chapter}.trans.txt").write_text(transcript)
    audio(root, "train-clean-100/19/198/misnamed.flac")
    (root / "SPEAKERS.TXT").write_text(
        "; For pointers to various resources\n"
        ";ID  |SEX| SUBSET           |MINUTES| NAME\n"
        "19   | F | train-clean-100  | 25.19 | Kara Shallenberg\n"
        # A bar in the name, as in the published file, and one that is not ASCII.
        "26   | M | train-clean-100  | 25.08 | Denny Sayers | d.b.a. Denny\n"
        "61   | M | test-clean       |  8.08 | Paul-Gabriel Wiëner\n"
        "84   | F | dev-clean        |  8.02 | Christie Nowak\n", encoding="utf-8")
    (root / "CHAPTERS.TXT").write_text(
        ";ID    |READER|MINUTES| SUBSET           | PROJ.|BOOK ID| CH. TITLE | PROJECT TITLE\n"
        "198    | 19   | 5.45  | train-clean-100  | 4    | 1234  | Chapter 1 | Northanger | Abbey\n"
        "227    | 19   | 5.45  | train-clean-100  | 4    | 1234  | Chapter 2 | Northanger Abbey\n"
        "495    | 26   | 5.45  | train-clean-100  | 5    | 1235  | 01        | Æsop\n"
        "496    | 26   | 5.45  | train-clean-100  | 5    | 1235  | 02        | Æsop\n"
        # Not there, and of a subset that is not there.
        "497    | 26   | 5.45  | train-clean-100  | 5    | 1235  | 03        | Æsop\n"
        "1001   | 27   | 5.45  | train-clean-360  | 5    | 1235  | 04        | Æsop\n"
        "70968  | 61   | 5.45  | test-clean       | 6    | 1236  | 01        | Peter\n"
        "70970  | 61   | 5.45  | test-clean       | 6    | 1236  | 02        | Peter\n"
        "121123 | 84   | 5.45  | dev-clean        | 7    | 1237  | 01        | Paul\n"
        "121550 | 84   | 5.45  | dev-clean        | 7    | 1237  | 02        | Paul\n", encoding="utf-8")


def voxceleb1():
    root = fresh("voxceleb1")
    lines = []
    for number, speaker in enumerate(["id10001", "id10002", "id10003"]):
        for side, video in enumerate(["1zcIwhmdeo4", "7gWzIy6yIIk", "-eGO1Jd2Oyo"], 1):
            for k in (1, 2):
                name = f"{speaker}/{video}/{k:05}.wav"
                lines.append(f"{side} {name}\n")
                # Listed, and gone from the web.
                if (speaker, video, k) != ("id10003", "-eGO1Jd2Oyo", 2):
                    audio(root, f"wav/{name}")
    audio(root, "wav/id10001/not-listed/00001.wav", "wav/README.wav")
    (root / "iden_split.txt").write_text("".join(lines))
    (root / "vox1_meta.csv").write_text(
        "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\n"
        "id10001\tA.J._Buckley\tm\tIreland\tdev\n"
        "id10002\tA.R._Rahman\tm\tIndia\tdev\n"
        "id10003\tAamir_Khan\tm\tIndia\ttest\n")
    (root / "veri_test.txt").write_text(
        "1 id10001/1zcIwhmdeo4/00001.wav id10001/7gWzIy6yIIk/00002.wav\n"
        "0 id10001/1zcIwhmdeo4/00001.wav id10002/7gWzIy6yIIk/00001.wav\n")


def voxceleb2():
    root = fresh("voxceleb2")
    for part, speaker in [("dev", "id00012"), ("dev", "id00015"), ("test", "id00017")]:
        for video in ["21Uxsk56VDQ", "2DLq_Kkc1r8"]:
            audio(root, f"{part}/aac/{speaker}/{video}/00001.m4a", f"{part}/aac/{speaker}/{video}/00002.m4a")
    # The published header ends every name with a space.
    (root / "vox2_meta.csv").write_text(
        "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \n"
        "id00012 ,n000012 ,m ,dev \nid00015 ,n000015 ,f ,dev \nid00016 ,n000016 ,f ,dev \nid00017 ,n000017 ,m ,test \n")


def gtzan():
    root = fresh("gtzan")
    for genre in ["blues", "jazz"]:
        for number in [0, 1, 12, 29, 54, 73, 98]:
            audio(root, f"genres_original/{genre}/{genre}.{number:05}.wav")
    audio(root, "genres_original/jazz/jazz_54_repaired.wav")
    (root / "features_30_sec.csv").write_text("filename,length\n")


def fma():
    root = fresh("fma")
    upper = ["album"] * 4 + ["artist"] * 3 + ["set"] * 2 + ["track"] * 4
    lower = ["comments", "date_released", "id", "title", "id", "location", "name", "split", "subset",
             "genre_top", "genres", "license", "title"]
    rows = {
        2: [0, "2009-01-05 00:00:00", 1, "AWOL - A Way Of Life", 1, "New Jersey", "AWOL", "training", "small",
            "Hip-Hop", "[21]", "CC BY-NC-SA", "Food"],
        5: [0, "2009-01-05 00:00:00", 1, "AWOL - A Way Of Life", 1, "New Jersey", "AWOL", "training", "small",
            "Hip-Hop", "[21]", "CC BY-NC-SA", "Food"],
        10: [0, "2008-02-06 00:00:00", 6, "Constant Hitmaker", 6, None, "Kurt Vile", "validation", "small",
             "Pop", "[10]", "CC BY", "Freeway, \"live\""],
        140: [1, None, 61, None, 54, "Reykjavík", "Alec K. Redfearn & the Eyesores", "test", "medium",
              "Folk", "[17]", "CC BY", "Queen Of The Wires\nPart II"],
        1000: [1, "2010-06-01 00:00:00", 62, "Ágætis", 55, None, "Sigurrós", "test", "small", "Pop", "[10]",
               "CC BY", "Svefn-g-englar"],
        # Listed in the small set, and missing.
        1001: [1, "2010-06-01 00:00:00", 62, "Ágætis", 55, None, "Sigurrós", "test", "small", "Pop", "[10]",
               "CC BY", "Gone"],
        # A track of the large set only has no top genre.
        2000: [0, None, 70, "Other", 71, None, "AWOL", "training", "large", None, "[]", None, "Untitled"],
    }
    table = pandas.DataFrame.from_dict(rows, orient="index")
    table.columns = pandas.MultiIndex.from_arrays([upper, lower])
    table.index.name = "track_id"
    (root / "fma_metadata").mkdir()
    table.to_csv(root / "fma_metadata" / "tracks.csv")
    names = [f"{n // 1000:03}/{n:06}.mp3" for n in (2, 5, 10, 1000)]
    audio(root / "fma_small", *names)
    sums = [f"{hashlib.sha1((root / 'fma_small' / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (root / "fma_small" / "checksums").write_text("".join(sums))


def table():
    root = fresh("table")
    rows = pandas.DataFrame({
        "Sänger": ["Björk", "Björk", "Low", "Low", "Low"],
        "file": ["music/Björk/Jóga.mp3", "music/Björk/Hunter, live.mp3", "music/low/1.ogg", "music/low/2.ogg",
                 "music/low/gone.ogg"],
        "record": ["Homogenic", "Homogenic", "Trust", "Trust", "Trust"],
        "mood": ["calm", "wild", "calm", None, "calm"],
        "year": [1997, 1997, 2002, 2002, 2002],
    })
    rows.to_csv(root / "table.csv", index=False, encoding="utf-8-sig")
    rows.to_csv(root / "table.tsv", index=False, sep="\t")
    rows.to_parquet(root / "table.parquet", index=False)
    rows.to_json(root / "table.jsonl", orient="records", lines=True, force_ascii=False)
    audio(root, *rows["file"][:-1])


def mp3_frame():
    """MPEG-1 layer III, 128 kbit/s, 44.1 kHz, silence: a header and zeros."""
    return b"\xff\xfb\x90\x64" + bytes(413)


def tags():
    root = fresh("tags")

    def id3(name, **frames):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mp3_frame() * 4)
        tag = mutagen.id3.ID3()
        for key, value in frames.items():
            tag.add(getattr(mutagen.id3, key)(encoding=3, text=[value]))
        tag.save(path, v2_version=4)

    id3("a.mp3", TPE1="Björk feat. Thom Yorke", TPE2="Björk", TALB="Selmasongs", TIT2="I've Seen It All",
        TCON="Electronic", TDRC="2000-09-18", TRCK="4/7", TPOS="1/1")
    # The same name decomposed and in capitals: one artist, one album.
    id3("b.mp3", TPE1="BJO\u0308RK", TALB="SelmaSongs", TIT2="Cvalda", TCON="electronic", TDRC="2000")
    id3("deep/er/c.mp3", TPE1="Björk", TALB="Selmasongs", TIT2="Cvalda", TCON="Electronic")
    id3("no artist.mp3", TALB="Lost")
    id3("no album.mp3", TPE1="Low", TIT2="  ")
    flac = root / "d.flac"
    streaminfo = struct.pack(">HH", 4096, 4096) + bytes(6) + struct.pack(">Q", (44100 << 44) | (15 << 36)) + bytes(16)
    flac.write_bytes(b"fLaC" + b"\x80" + len(streaminfo).to_bytes(3, "big") + streaminfo)
    file = mutagen.flac.FLAC(flac)
    file.update({"artist": "Low", "album": "Trust", "title": "(That's How You Sing) Amazing Grace", "date": "2002",
                 "tracknumber": "1", "discnumber": "1", "genre": "Slowcore"})
    file.save()
    wav = root / "e.wav"
    wav.write_bytes(b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
                    + b"data" + struct.pack("<I", 0))
    file = mutagen.wave.WAVE(wav)
    file.add_tags()
    file.tags.add(mutagen.id3.TPE1(encoding=3, text=["Low"]))
    file.tags.add(mutagen.id3.TALB(encoding=3, text=["Trust"]))
    file.save()
    (root / "broken.mp3").write_bytes(b"this is not audio")


# The tables of the published files (hdf5_descriptors.py of the MSongsDB repository), column by column.
TEXT, NAME, NUMBER, REAL = tables.StringCol(1024), tables.StringCol(32), tables.Int32Col(), tables.Float64Col()
MSD_TABLES = {
    "metadata": {
        "artist_name": TEXT, "artist_id": NAME, "artist_mbid": tables.StringCol(40), "artist_playmeid": NUMBER,
        "artist_7digitalid": NUMBER, "analyzer_version": NAME, "genre": TEXT, "release": TEXT,
        "release_7digitalid": NUMBER, "title": TEXT, "artist_familiarity": REAL, "artist_hotttnesss": REAL,
        "song_id": NAME, "song_hotttnesss": REAL, "artist_latitude": REAL, "artist_longitude": REAL,
        "artist_location": TEXT, "track_7digitalid": NUMBER, "idx_similar_artists": NUMBER,
        "idx_artist_terms": NUMBER,
    },
    "analysis": {
        "analysis_sample_rate": NUMBER, "audio_md5": NAME, "danceability": REAL, "duration": REAL,
        "end_of_fade_in": REAL, "energy": REAL, "key": NUMBER, "key_confidence": REAL, "loudness": REAL,
        "mode": NUMBER, "mode_confidence": REAL, "start_of_fade_out": REAL, "tempo": REAL,
        "time_signature": NUMBER, "time_signature_confidence": REAL, "track_id": NAME,
        **{f"idx_{name}": NUMBER for name in [
            "segments_start", "segments_confidence", "segments_pitches", "segments_timbre", "segments_loudness_max",
            "segments_loudness_max_time", "segments_loudness_start", "sections_start", "sections_confidence",
            "beats_start", "beats_confidence", "bars_start", "bars_confidence", "tatums_start",
            "tatums_confidence"]},
    },
    "musicbrainz": {"year": NUMBER, "idx_artist_mbtags": NUMBER},
}
MSD_ARRAYS = {
    "metadata": {"similar_artists": tables.StringAtom(20), "artist_terms": tables.StringAtom(256),
                 "artist_terms_freq": tables.Float64Atom(), "artist_terms_weight": tables.Float64Atom()},
    "analysis": {name.removeprefix("idx_"): tables.Float64Atom()
                 for name in MSD_TABLES["analysis"] if name.startswith("idx_")},
    "musicbrainz": {"artist_mbtags": tables.StringAtom(256), "artist_mbtags_count": tables.Int32Atom()},
}


def msd():
    root = fresh("msd")
    rows = [
        # (track, song, artist's id, artist, release, title, year, {term: weight})
        ("TRAAAAW128F429D538", "SOMZWCG12A8C13C480", "ARD7TVE1187B99BFB1", "Casual", "Fear Itself",
         "I Didn't Mean To", 0, {"hip hop": 1.0, "underground rap": 0.89, "g funk": 0.84}),
        # One artist under two names, and the release of another artist.
        ("TRAAABD128F429CF47", "SOCIWDW12A8C13D406", "ARD7TVE1187B99BFB1", "Casual feat. Björk", "Greatest Hits",
         "Soul Deep", 1969, {"hip hop": 1.0}),
        # Not ASCII; weights not in their order; two tracks of one title.
        ("TRAAADZ128F9348C2E", "SOXVLOJ12AB0189215", "ARKRRTF1187B9984DA", "Sonora Santanera", "Las Numero 1",
         "Amor De Cabaret - ñandú", 1995, {"salsa": 0.4, "cumbia": 0.9, "tejano": 0.4}),
        ("TRBCDEF128F425D3A6", "SONHOTT12A8C13493C", "AR7G5I41187FB4CE6C", "Adam Ant", "Greatest Hits",
         "Soul Deep", 1982, {}),
    ]
    listed = []
    for seed, (track, song, artist_id, artist, release, title, year, terms) in enumerate(rows):
        path = root / "data" / track[2] / track[3] / track[4] / f"{track}.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        with tables.open_file(path, "w", title="H5 Song File",
                              filters=tables.Filters(complevel=1, complib="zlib")) as file:
            values = {
                "metadata": {"artist_name": artist, "artist_id": artist_id, "artist_mbid": f"mbid-{seed}",
                             "release": release, "title": title, "song_id": song,
                             "artist_location": "Ciudad de México" if seed == 2 else ""},
                "analysis": {"analysis_sample_rate": 22050, "duration": 218.93179 + seed, "key": seed, "mode": 1,
                             "tempo": 92.198, "time_signature": 4, "loudness": -11.197, "track_id": track},
                "musicbrainz": {"year": year},
            }
            # The last song is silence: no segments at all.
            n = [5, 300, 1, 0][seed]
            index, bins = numpy.arange(n)[:, None], numpy.arange(12)[None, :]
            arrays = {
                "artist_terms": numpy.array([term.encode() for term in terms], "S256"),
                "artist_terms_weight": numpy.array(list(terms.values()), float),
                "artist_terms_freq": numpy.ones(len(terms)),
                "segments_start": 0.25 * numpy.arange(n) + 0.01 * seed,
                "segments_timbre": 10.0 * index - bins + 0.5 * seed,
                "segments_pitches": (1 + (index + bins) % 12) / 12,
            }
            for group, description in MSD_TABLES.items():
                file.create_group("/", group)
                songs = file.create_table(f"/{group}", "songs", dict(description))
                for name, value in values[group].items():
                    songs.row[name] = value.encode() if isinstance(value, str) else value
                songs.row.append()
                songs.flush()
                for name, atom in MSD_ARRAYS[group].items():
                    width = (12,) if name in ("segments_timbre", "segments_pitches") else ()
                    array = file.create_earray(f"/{group}", name, atom, (0, *width))
                    if len(arrays.get(name, [])):
                        array.append(arrays[name])
        listed.append(f"{track}<SEP>{song}<SEP>{artist}<SEP>{title}\n")
    # Listed and missing; there and not listed; cut off; beside the letters.
    listed.append("TRZZZZZ12903D05E3A<SEP>SOZZZZZ12AB0189215<SEP>Nobody<SEP>Gone <SEP> away\n")
    whole = (root / "data/A/A/A/TRAAABD128F429CF47.h5").read_bytes()
    for track, content in {"TRAAAEF128F4273421": whole[:3000], "TRAAAFD128F92F423A": whole}.items():
        (root / f"data/A/A/A/{track}.h5").write_bytes(content)
    listed.append("TRAAAEF128F4273421<SEP>SOGTUKN12AB017F4F1<SEP>Adam Ant<SEP>Something Girls\n")
    (root / "data/stray.h5").write_bytes(b"beside")
    (root / "AdditionalFiles").mkdir()
    (root / "AdditionalFiles/subset_unique_tracks.txt").write_text("".join(listed), encoding="utf-8")
    (root / "AdditionalFiles/subset_msd_summary_file.h5").write_bytes(b"another kind of file")
    msd_databases(root / "AdditionalFiles", rows)


def msd_databases(folder, rows):
    """As create_track_metadata_db.py and create_artist_terms_db.py of MSongsDB make them, in pages of 1 kB."""
    def database(name, *statements):
        connection = sqlite3.connect(folder / f"subset_{name}.db")
        connection.execute("PRAGMA page_size = 1024")
        for statement in statements:
            connection.execute(statement)
        return connection

    songs = database(
        "track_metadata",
        "CREATE TABLE songs (track_id text PRIMARY KEY, title text, song_id text, release text, artist_id text, "
        "artist_mbid text, artist_name text, duration real, artist_familiarity real, artist_hotttnesss real, year int, "
        "track_7digitalid int, shs_perf int, shs_work int)")
    # The mbid is unknown, the work known; a duration that is a whole number; no title; a row of several pages, of the song
    # whose file is cut off; a song without a file.
    others = [("TRAAAEF128F4273421", "SOGTUKN12AB017F4F1", "AR7G5I41187FB4CE6C", "Adam Ant", "Antmusic " * 300, "", 1982),
              ("TRZZZZZ12903D05E3A", "SOZZZZZ12AB0189215", "ARZZZZZ1187B98CB8A", "Nobody", "", "Gone <SEP> away", 0)]
    for seed, (track, song, artist_id, artist, release, title, year, *_) in enumerate([*rows, *others]):
        shs = (123456, -7) if seed == 1 else (-1, 0)
        songs.execute(f"INSERT INTO songs VALUES ({', '.join('?' * 14)})", (
            track, title, song, release, artist_id, "" if seed == 1 else f"mbid-{seed}", artist,
            252.0 if seed == 2 else 218.93179 + seed, 0.5, -1 if seed == 1 else 0.25, year, 1000 + seed, *shs))
    for number, columns in enumerate(["artist_id, release", "artist_mbid, release", "artist_name, title, release",
                                      "duration, artist_id", "year, artist_id, title", "shs_work", "shs_perf"]):
        songs.execute(f"CREATE INDEX idx_{number} ON songs ({columns})")

    terms = database(
        "artist_term",
        "CREATE TABLE artists (artist_id text PRIMARY KEY)", "CREATE TABLE terms (term text PRIMARY KEY)",
        "CREATE TABLE artist_term (artist_id text, term text, FOREIGN KEY(artist_id) REFERENCES artists(artist_id), "
        "FOREIGN KEY(term) REFERENCES terms(term) )",
        "CREATE TABLE mbtags (mbtag text PRIMARY KEY)",
        "CREATE TABLE artist_mbtag (artist_id text, mbtag text, FOREIGN KEY(artist_id) REFERENCES artists(artist_id), "
        "FOREIGN KEY(mbtag) REFERENCES mbtags(mbtag) )")
    # More artists than those of the songs, so that the table has several pages.
    of_artists = {artist_id: list(of_artist) for _, _, artist_id, *_, of_artist in reversed(rows)}
    of_artists |= {f"AR{number:05}1187B99BFB1": ["rock", "ragga jungle"] for number in range(60)}
    terms.executemany("INSERT INTO artists VALUES (?)", [(artist,) for artist in sorted(of_artists)])
    names = sorted({name for of_artist in of_artists.values() for name in of_artist})
    terms.executemany("INSERT INTO terms VALUES (?)", [(name,) for name in names])
    for artist in sorted(of_artists, reverse=True):
        terms.executemany("INSERT INTO artist_term VALUES (?, ?)", [(artist, name) for name in of_artists[artist]])
    terms.execute("CREATE INDEX idx_artist_id_term ON artist_term (artist_id, term)")
    terms.execute("CREATE INDEX idx_term_artist_id ON artist_term (term, artist_id)")
    for connection in (songs, terms):
        connection.commit()
        connection.close()


def symbolic():
    root = fresh("symbolic")

    def midi(program, *notes):
        """A track of quarter notes, half a second each."""
        events = bytes([0, 0xC0, program])
        for note in notes:
            events += bytes([0, 0x90, note, 100, 96, 0x80, note, 64])
        events += bytes([0, 0xFF, 0x2F, 0])
        return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(events)) + events

    rows = [
        # (composer, album, file, title, MIDI); names with dots and spaces, one title on two albums.
        ("Ada_Noë", "First", "Über.mid", "Über", midi(0, 60, 64, 67, 72)),
        ("Ada_Noë", "First", "e1m1.mid.mid", "e1m1.mid", midi(40, 62, 65, 69)),
        ("Ada_Noë", "Second", "Über.mid", "Über", midi(73, 59, 62)),
        ("B.Bass", "First", "Two words....mid", "Two words...", midi(33, 36, 43, 36)),
        ("B.Bass", "Live 2009", "Low.mid", "Low, \"lower\"", midi(33, 40, 41)),
    ]
    table = []
    for composer, album, file, title, content in rows:
        path = root / "midi" / composer / album / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        table.append((f"midi/{composer}/{album}/{file}", composer, album, title, 2.0, len(content),
                      hashlib.sha256(content).hexdigest(), "CC0", f"{title} by {composer}"))
    # Listed and missing; listed with another checksum; there and not listed.
    table.append(("midi/B.Bass/First/Gone.mid", "B.Bass", "First", "Gone", 1.0, 1, "0" * 64, "CC0", ""))
    table.append(("midi/B.Bass/First/Changed.mid", "B.Bass", "First", "Changed", 1.0, 1, "0" * 64, "CC0", ""))
    for name in ("Changed.mid", "Unlisted.mid"):
        (root / "midi/B.Bass/First" / name).write_bytes(midi(0, 60))
    columns = ["path", "composer", "album", "title", "seconds", "bytes", "sha256", "licence", "attribution"]
    pandas.DataFrame(table, columns=columns).to_csv(root / "manifest.csv", index=False)


for make in (artist20, librispeech, voxceleb1, voxceleb2, gtzan, fma, table, tags, msd, symbolic):
    if not sys.argv[1:] or make.__name__ in sys.argv[1:]:
        make()
