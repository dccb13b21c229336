# What each target does stands in README.md. Everything is built below build/.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
RELEASE := build/release

.PHONY: run build test deps e2e e2e-livekit compat-livekit sim kills connections fuzz bench lint tidy format clean

run: build
	@exec $(RELEASE)/turms serve --dev --data data $(ARGS)

deps:
	@tools/deps

build: deps
	@tools/build release

test:
	@tools/deps test
	@tools/build release
	@tools/test

e2e:
	@tools/deps test
	@tools/build release
	@tools/test e2e

e2e-livekit:
	@tools/deps test
	@tools/build release
	@tools/livekit-server
	@tools/test e2e-livekit

compat-livekit:
	@tools/deps test
	@tools/livekit-server
	@tools/test compat-livekit

sim:
	@tools/deps test
	@tools/build release sim_tests
	@$(if $(SEEDS),TURMS_SIM_SEEDS=$(SEEDS)) $(if $(ONLY),GTEST_FILTER='$(ONLY)') tools/test sim

kills:
	@tools/deps test
	@tools/build release turms
	@TURMS_BINARY=$(CURDIR)/build/release/turms TURMS_KILLS=$(or $(KILLS),1000) python3 tests/integration/turms/run.py KillUnderLoad

connections:
	@tools/deps test
	@tools/build release turms
	@TURMS_BINARY=$(CURDIR)/build/release/turms python3 tests/integration/turms/connections.py

fuzz:
	@tools/deps lint
	@tools/fuzz

bench:
	@tools/deps
	@tools/build release
	@tools/bench

lint:
	@tools/deps lint
	@tools/lint

tidy:
	@tools/deps lint
	@tools/lint --tidy

format:
	@tools/deps lint
	@tools/lint --fix

clean:
	rm -rf build
