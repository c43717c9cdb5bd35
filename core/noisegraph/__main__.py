"""`python -m noisegraph` is `noisegraph`."""

from .cli.main import main

if __name__ == "__main__":
    main()
