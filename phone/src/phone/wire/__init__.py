"""The call as it goes over the network: SIP, SDP and RTP."""
