import asyncio, itertools, json, math, sys

async def send(address, name):
    """Sends a reading ten times a second until it is cut off."""
    for i in itertools.count():
        try:
            if ":" in address:
                _, writer = await asyncio.open_connection(*address.rsplit(":", 1))
            else:
                _, writer = await asyncio.open_unix_connection(address)
            break
        except OSError:
            if i == 100:
                sys.exit(f"nobody listens at {address}")
            await asyncio.sleep(0.1)
    try:
        for i in itertools.count():
            reading = {"sensor": name, "temp": 20 + round(5 * math.sin(i / 10), 2)}
            writer.write(json.dumps(reading).encode() + b"\n")
            await writer.drain()  # waits while rtda is busy
            await asyncio.sleep(0.1)
    except ConnectionError:
        print(name, "was cut off", file=sys.stderr)

asyncio.run(send(sys.argv[1], sys.argv[2]))
