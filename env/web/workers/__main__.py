"""`python -m env.web.workers`: one worker. Started by env.web.workers.process, not by people."""

from env.web.workers.serving import main

if __name__ == "__main__":
    main()
