#!/usr/bin/env python3
"""wcl.exe's commands for containers and networks, beside a vmcompute.dll that records and answers."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

WINE, RECORDER = sys.argv[1:3]
FOLDER = tempfile.mkdtemp(prefix="wcl-programs-")
PROGRAM, ANSWERS, LOG = (os.path.join(FOLDER, name) for name in ("wcl.exe", "answers", "log"))
ENVIRONMENT = dict(os.environ, WINEPREFIX=os.path.join(os.environ["WCL_BUILD"], "wine"), WINEDEBUG="-all",
                   LC_ALL="C.UTF-8", RECORDER_ANSWERS="Z:" + ANSWERS, RECORDER_LOG="Z:" + LOG)
ENVIRONMENT.pop("WCL_PROVIDER", None)
OPENING = ["HcsOpenComputeSystem", "HcsRegisterComputeSystemCallback"]
CLOSING = ["HcsUnregisterComputeSystemCallback", "HcsCloseComputeSystem"]


def wcl(*arguments, answers=(), code=0):
    """What it prints, what it complains of, and the calls that it made."""
    with open(ANSWERS, "w", encoding="utf-8") as file:
        for function, hresult, text in answers:
            file.write(f"{function} {hresult:x} {text}\n" if text else f"{function} {hresult:x}\n")
    open(LOG, "w").close()
    done = subprocess.run([WINE, PROGRAM, *arguments], env=ENVIRONMENT, capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    with open(LOG, encoding="utf-8") as file:
        calls = [json.loads(line) for line in file]
    return done.stdout.decode(), done.stderr.decode(), calls


def names(calls):
    return [call["call"] for call in calls]


def containers_are_listed():
    systems = '[{"Id":"a\u00e9","Name":"first"},{"Id":"b","Name":"second"}]'
    out, _, calls = wcl("ps", answers=[("HcsEnumerateComputeSystems", 0, systems)])
    assert "a\u00e9" in out and "second" in out, out
    assert calls == [{"call": "HcsEnumerateComputeSystems", "query": "{}"}], calls


def a_container_is_asked_for_its_statistics():
    out, _, calls = wcl("stats", "b\u00f6x", answers=[
        ("HcsGetComputeSystemProperties", 0, '{"Id":"x","Statistics":{"Uptime100ns":25000000}}')])
    assert "2.5 s" in out, out
    assert names(calls) == [*OPENING, "HcsGetComputeSystemProperties", *CLOSING], calls
    assert calls[0]["id"] == "b\u00f6x", calls


def a_process_that_is_gone_is_told_as_such():
    _, err, calls = wcl("wait", "box", "4321", code=1, answers=[
        ("HcsOpenProcess", 0x80070490, '{"ErrorMessage":"gone"}')])
    assert names(calls) == [*OPENING, "HcsOpenProcess", *CLOSING], calls
    assert "open process box:4321" in err and "gone" in err and "(code 1168)" in err, err


def a_process_is_ended():
    _, _, calls = wcl("kill", "box", "17")
    assert calls[2] == {"call": "HcsOpenProcess", "handle": 1, "pid": 17}, calls
    assert calls[4] == {"call": "HcsTerminateProcess", "handle": 2}, calls


def an_error_has_its_code_and_the_services_words():
    _, err, _ = wcl("pause", "box", code=1, answers=[
        ("HcsPauseComputeSystem", 0xC0370105, '{"ErrorMessage":"not now"}')])
    for part in ("pause container box", "HcsPauseComputeSystem", "not now", "0xC0370105"):
        assert part in err, err


def a_layer_is_prepared_for_its_container():
    home = os.path.join(FOLDER, "home")
    os.makedirs(os.path.join(home, "box"))
    os.mkdir(os.path.join(home, "base"))
    with open(os.path.join(home, "box", "layerchain.json"), "w", encoding="utf-8") as file:
        json.dump(["Z:" + home.replace("/", "\\") + "\\base"], file)
    there = [("layer", 0, "box"), ("layer", 0, "base")]
    command = ("--home", "Z:" + home, "run", "-d", "box", "--", "cmd", "/c", "a b")
    out, _, calls = wcl(*command, answers=there)
    made = [call for call in calls if call["call"] in
            ("ActivateLayer", "PrepareLayer", "HcsCreateComputeSystem", "HcsStartComputeSystem", "HcsCreateProcess")]
    assert names(made) == ["ActivateLayer", "PrepareLayer", "HcsCreateComputeSystem", "HcsStartComputeSystem",
                           "HcsCreateProcess"], calls
    config = json.loads(made[2]["configuration"])
    assert config["VolumePath"] == "\\\\?\\Volume{box}\\", config
    assert [layer["Path"].endswith("\\base") for layer in config["Layers"]] == [True], config
    assert len(config["Layers"][0]["ID"]) == 36, config
    assert json.loads(made[4]["parameters"])["CommandLine"] == 'cmd /c "a b"', made
    assert out.split()[0] == "box" and "UnprepareLayer" not in names(calls), (out, calls)
    _, err, calls = wcl(*command, code=1, answers=[*there, ("HcsCreateComputeSystem", 0x80070005, "")])
    assert "(code 5)" in err, err
    assert names(calls)[-2:] == ["UnprepareLayer", "DeactivateLayer"], calls


def networks_are_listed_and_removed():
    identity = "c0a80101-0000-4000-8000-00000000abcd"
    listed = '{"Success":true,"Output":[{"ID":"%s","Name":"n\u00e4t","Type":"nat"}]}' % identity
    out, _, calls = wcl("network", "list", answers=[("HNSCall", 0, listed)])
    assert "n\u00e4t" in out, out
    assert calls == [{"call": "HNSCall", "method": "GET", "path": "/networks/", "request": ""}], calls
    _, err, calls = wcl("network", "remove", identity, code=1, answers=[
        ("HNSCall", 0, listed), ("HNSCall", 0, '{"Success":false,"Error":"in use","ErrorCode":170}')])
    assert calls[-1]["method"] == "DELETE" and calls[-1]["path"] == "/networks/" + identity, calls
    assert "in use" in err and "(code 170)" in err, err


def main():
    shutil.copy(os.environ["WCL"], PROGRAM)
    shutil.copy(RECORDER, os.path.join(FOLDER, "vmcompute.dll"))
    try:
        for test in (containers_are_listed, a_container_is_asked_for_its_statistics,
                     a_process_that_is_gone_is_told_as_such, a_process_is_ended,
                     an_error_has_its_code_and_the_services_words,
                     a_layer_is_prepared_for_its_container, networks_are_listed_and_removed):
            test()
            print("ok   ", test.__name__.replace("_", " "))
    finally:
        shutil.rmtree(FOLDER)


main()
