#!/usr/bin/env python3
"""Writes datasets/NAME/miniature: tiny copies of published sets, in their exact layout and with their oddities.

    pip install mutagen==1.47.0 pandas==2.3.3 pyarrow==24.0.0 && python miniatures.py

Audio files hold their own name, for catalogues never decode: except those of `tags`, which are MP3, FLAC and WAV
with tags written by mutagen.
"""

import hashlib
import pathlib
import shutil
import struct

import mutagen.flac
import mutagen.id3
import mutagen.mp3
import mutagen.wave
import pandas

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
    audio(root, "mp3s-32k/aerosmith/stray.mp3", "lists/README")


def librispeech():
    root = fresh("librispeech") / "LibriSpeech"
    for subset, speaker, chapter in [
        ("train-clean-100", 19, 198), ("train-clean-100", 19, 227), ("train-clean-100", 26, 495),
        ("train-clean-100", 26, 496), ("dev-clean", 84, 121123), ("dev-clean", 84, 121550),
        ("test-clean", 61, 70968), ("test-clean", 61, 70970),
    ]:
        folder = f"{subset}/{speaker}/{chapter}"
        audio(root, *[f"{folder}/{speaker}-{chapter}-{k:04}.flac" for k in range(2)])
        (root / folder / f"{speaker}-{chapter}.trans.txt").write_text(f"{speaker}-{chapter}-0000 HELLO\n")
    audio(root, "train-clean-100/19/198/misnamed.flac")
    (root / "SPEAKERS.TXT").write_text(
        "; For pointers to various resources\n"
        ";ID  |SEX| SUBSET           |MINUTES| NAME\n"
        "19   | F | train-clean-100  | 25.19 | Kara Shallenberg\n"
        # A bar in the name, as in the published file, and one that is not ASCII.
        "26   | M | train-clean-100  | 25.08 | Denny Sayers | d.b.a. Denny\n"
        "61   | M | test-clean       |  8.08 | Paul-Gabriel Wiëner\n"
        "84   | F | dev-clean        |  8.02 | Christie Nowak\n", encoding="utf-8")


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
        "id00012 ,n000012 ,m ,dev \nid00015 ,n000015 ,f ,dev \nid00017 ,n000017 ,m ,test \n")


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


for make in (artist20, librispeech, voxceleb1, voxceleb2, gtzan, fma, table, tags):
    make()
