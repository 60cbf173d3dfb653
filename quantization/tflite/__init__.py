"""TFLite files: conversion, metadata, deduplication, the card."""
